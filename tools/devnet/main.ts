import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '#config';
import { errorToText, runProcess } from '#lifecycle';
import { prepareClient } from './client-identity.js';
import { runMainJob } from './main-job.js';
import { DevnetNetwork } from './network.js';
import { assertStorable, HELP, parseOptions } from './options.js';
import { line, step } from './show.js';

const distRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const projectRoot = resolve(distRoot, '..');

runProcess({
  name: 'devnet',
  stopTimeoutMs: 30_000,
  async start(control) {
    const options = parseOptions(process.argv.slice(2), projectRoot);
    if (options.help) {
      console.log(HELP);
      control.finish(0);
      return async () => {};
    }
    await assertStorable(options.file);
    const config = loadConfig({ app: 'devnet' });
    const network = new DevnetNetwork({
      distRoot,
      dataDir: options.dataDir,
      providers: options.providers,
      reset: options.reset,
      autoPorts: options.autoPorts,
      ports: {
        node: config.nodePort,
        p2p: config.p2pPort,
        gateway: config.gatewayPort,
        admin: config.adminPort,
        repairer: config.repairerPort,
        provider: config.providerPort,
      },
    });
    const stop = async (): Promise<void> => {
      if (control.signal.aborted) console.log('\nStopping: the providers, then the rest ...');
      await network.stop();
    };
    try {
      await network.claim();
      await prepareClient(network.clientDir, network.siteDir);
      step('Start a private network on this machine');
      await network.startSite();
      void network.siteEnded().then((lastLines) => {
        if (control.signal.aborted) return;
        console.error(`\nThe site ended by itself. Its last lines:\n${lastLines}`);
        control.finish(1);
      });
      line(`node, miner, services, repairer, gateway and admin API: ${network.addresses.admin}/`);
      await network.startProviders();
      line(`${network.providers.length} providers, each a process with a folder of its own`);
    } catch (error) {
      await stop();
      throw error;
    }
    void work(network, options, control);
    return stop;
  },
});

async function work(
  network: DevnetNetwork,
  options: ReturnType<typeof parseOptions>,
  control: Parameters<Parameters<typeof runProcess>[0]['start']>[0],
): Promise<void> {
  try {
    const report = await runMainJob(network, options, distRoot, control.signal);
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    if (options.once) {
      step('Everything held.');
      control.finish(0);
      return;
    }
    await leaveRunning(network, control.signal);
  } catch (error) {
    if (control.signal.aborted) return;
    console.error(`\n${errorToText(error)}`);
    control.finish(1);
  }
}

async function leaveRunning(network: DevnetNetwork, signal: AbortSignal): Promise<void> {
  for (const { index } of network.providers) await network.restartProvider(index);
  for (const { name, child } of network.providers) {
    void child.exited.then(() => {
      if (!signal.aborted) line(`${name} (process ${child.pid}) is gone; the next npm start brings it back.`);
    });
  }
  const { admin, gateway, node, repairer } = network.addresses;
  step('The network is running; the killed providers are back. Ctrl-C stops everything.');
  line(`explorer      ${admin}/`);
  line(`admin API     ${admin}/api/docs`);
  line(`gateway       ${gateway}/files`);
  line(
    `repairer      ${repairer}/v1/repair/status (new files name it with --repairer ${network.repairerAddress})`,
  );
  line(`node API      ${node}/node/v1/status`);
  line(`command line  npm run cairn -- ls --data-dir ${network.clientDir} --node-url ${node}`);
}
