import { DEFAULT_CAMPAIGN, runCampaign } from './campaign.js';
import { reportToText } from './report.js';

// By hand: node dist/test/e2e/faults/main.js SEED [FAULTS]; every event goes to standard error.

const [seed, faults] = process.argv.slice(2).map(Number);
if (seed === undefined || !Number.isInteger(seed)) {
  process.stderr.write('say which seed: node dist/test/e2e/faults/main.js SEED [FAULTS]\n');
  process.exit(2);
}
const since = performance.now();
const report = await runCampaign({
  ...DEFAULT_CAMPAIGN,
  seed,
  faults: faults ?? DEFAULT_CAMPAIGN.faults,
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
