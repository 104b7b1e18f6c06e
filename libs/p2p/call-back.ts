import { type AutoNATComponents, autoNAT } from '@libp2p/autonat';
import { isMultiaddr } from '@multiformats/multiaddr';

/**
 * AutoNAT: peers call each other back to learn whether they are reached from outside. A call-back must be a connection
 * of its own: the library otherwise takes the one that stands to the same address, learns nothing, and closes it.
 */
export function createCallBackService(): (components: AutoNATComponents) => unknown {
  return (components) => {
    const { connectionManager } = components;
    const openConnection: typeof connectionManager.openConnection = (target, options) =>
      connectionManager.openConnection(target, isMultiaddr(target) ? { ...options, force: true } : options);
    const manager = new Proxy(connectionManager, {
      get: (real, key) => {
        if (key === 'openConnection') return openConnection;
        const value: unknown = Reflect.get(real, key, real);
        return typeof value === 'function' ? value.bind(real) : value;
      },
    });
    // the components are a proxy themselves: they are read, never spread
    const own = new Proxy(components, {
      get: (real, key) => (key === 'connectionManager' ? manager : Reflect.get(real, key, real)),
    });
    return autoNAT({ startupDelay: 3_000, refreshInterval: 60_000 })(own);
  };
}
