/** Where a process that is ready can be reached: name to address, as in `{ api: 'http://127.0.0.1:7010' }`. */
export type ReadyAddresses = Readonly<Record<string, string>>;

/** The message by which a child tells its parent that it is ready. */
export interface ReadyMessage {
  readonly type: 'cairn/ready';
  readonly addresses: ReadyAddresses;
}

/** Tells the supervising parent, or the terminal as one line of JSON, that this process serves at these addresses. */
export function announceReady(addresses: ReadyAddresses): void {
  const message: ReadyMessage = { type: 'cairn/ready', addresses };
  if (process.send === undefined || !process.connected) console.log(JSON.stringify(message));
  else process.send(message, undefined, {}, () => {}); // a parent that has just gone is noticed by 'disconnect'
}

/** Whether a message from a child says that it is ready. */
export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && (message as ReadyMessage).type === 'cairn/ready';
}
