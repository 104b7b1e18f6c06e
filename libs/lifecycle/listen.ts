import type { Server } from 'node:net';
import { AppError } from '#errors';

/** Where to listen; `setting` is how the reader changes the port ("--port", "CAIRN_NODE_PORT"). */
export interface ListenAddress {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  readonly setting: string;
}

/** Listens and resolves to the port; an AppError names port, host and the setting to change. */
export function listenOrExplain(server: Server, address: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      reject(explain(error, address));
    };
    const onListening = (): void => {
      server.off('error', onError);
      const bound = server.address();
      resolve(bound !== null && typeof bound === 'object' ? bound.port : address.port);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(address.port, address.host);
  });
}

function explain(error: NodeJS.ErrnoException, { port, host, setting }: ListenAddress): Error {
  const details = { data: { port, host, setting }, cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new AppError({
        code: 'listen/port-taken',
        message: `Port ${port} on ${host} is taken by another program.`,
        next: `Stop that program, or choose another port with ${setting} (0 takes any free one).`,
        ...details,
      });
    case 'EACCES':
      return new AppError({
        code: 'listen/port-not-allowed',
        message: `This user may not listen on port ${port}.`,
        next: `Choose a port above 1023 with ${setting}.`,
        ...details,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new AppError({
        code: 'listen/no-such-address',
        message: `${host} is not an address of this machine.`,
        next: 'Listen on 127.0.0.1 (this machine only) or 0.0.0.0 (every network).',
        ...details,
      });
    default:
      return error;
  }
}
