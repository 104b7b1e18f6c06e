import { DEFAULT_CAMPAIGN, runCampaign } from './campaign.js';
import { reportToText } from './report.js';

// By hand: npm run -s faults -- SEED [FAULTS [PROVIDERS [FAULTY]]]; every event goes to standard error.

const [seed, faults, providers, maxFaulty] = process.argv.slice(2).map(Number);
if (seed === undefined || !Number.isInteger(seed)) {
  process.stderr.write('say which seed: npm run -s faults -- SEED [FAULTS [PROVIDERS [FAULTY AT A TIME]]]\n');
  process.exit(2);
}
const stop = new AbortController();
for (const event of ['SIGINT', 'SIGTERM', 'disconnect'])
  process.once(event, () => stop.abort(new Error('broken off')));
process.channel?.unref();
const since = performance.now();
const report = await runCampaign({
  ...DEFAULT_CAMPAIGN,
  seed,
  faults: faults ?? DEFAULT_CAMPAIGN.faults,
  providers: providers ?? DEFAULT_CAMPAIGN.providers,
  maxFaulty: maxFaulty ?? DEFAULT_CAMPAIGN.maxFaulty,
  signal: stop.signal,
  onEvent: (text) => process.stderr.write(`${((performance.now() - since) / 1000).toFixed(1)} ${text}\n`),
});
process.stdout.write(`${reportToText(report)}\n`);
process.exitCode =
  report.bytesLost > 0 ||
  report.wrongs.length > 0 ||
  report.healthySeconds === null ||
  report.stuckCoins !== '0'
    ? 1
    : 0;
