import { afterAll, beforeAll, describe } from '@jest/globals';
import { type ConnectedPort, type ConnectPort, type LocalPorts, ServiceScene } from './service-scene.js';

/** Runs tests of one service on a scene of their own. */
export function describeService<N extends keyof LocalPorts>(
  name: N,
  how: string,
  connect: ConnectPort,
  body: (given: { scene: () => ServiceScene; port: () => LocalPorts[N] }) => void,
): void {
  describe(`${name} port, ${how}`, () => {
    let scene: ServiceScene;
    let connected: ConnectedPort<LocalPorts[N]>;
    beforeAll(async () => {
      scene = await ServiceScene.open();
      connected = await connect(name, scene.ports);
    }, 60_000);
    afterAll(async () => {
      await connected?.close();
      await scene?.close();
    });
    body({ scene: () => scene, port: () => connected.port });
  });
}
