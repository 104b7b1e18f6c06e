import { join, resolve } from 'node:path';
import { type Child, spawnChild } from '#lifecycle';
import type { TestNetwork } from './network.js';
import { waitUntil } from './wait.js';

const READY_MS = 60_000;
/** For the fees of what it puts on chain beyond the bounties. */
const FUNDS = 1_000_000_000n;

/** The repair agent as a process of its own. */
export class TestRepairer {
  private child: Child | undefined;
  private announced: { readonly url: string; readonly address: string } = { url: '', address: '' };

  private constructor(private readonly network: TestNetwork) {}

  /** Starts it, gives it coins, waits until clients find it on chain. */
  static async start(network: TestNetwork): Promise<TestRepairer> {
    const repairer = new TestRepairer(network);
    await repairer.restart();
    await network.fund(repairer.address, FUNDS);
    await waitUntil('the repairer on chain', READY_MS, async () => {
      return (await network.ledger.endpoint({ principal: repairer.address })) !== null;
    });
    return repairer;
  }

  /** Of its account: what clients name. */
  get address(): string {
    return this.announced.address;
  }

  get url(): string {
    return this.announced.url;
  }

  /** Starts it on its folder and its port, also after `kill`. */
  async restart(): Promise<void> {
    const { network, url } = this;
    this.child = spawnChild({
      name: 'repairer',
      file: resolve('dist', 'apps', 'repairer', 'main.js'),
      cwd: network.folder,
      env: {
        CAIRN_NETWORK: 'devnet',
        CAIRN_DATA_DIR: join(network.folder, 'repairer'),
        CAIRN_NODE_URL: network.nodeUrl,
        CAIRN_REPAIRER_PORT: url === '' ? '0' : new URL(url).port,
        CAIRN_PASSPHRASE: '',
        CAIRN_LOG_LEVEL: 'warn',
      },
    });
    const ready = await this.child.ready(READY_MS);
    this.announced = { url: ready['repairer'] ?? '', address: ready['address'] ?? '' };
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.child?.kill();
  }
}
