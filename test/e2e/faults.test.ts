import { expect, test } from '@jest/globals';
import { DEFAULT_CAMPAIGN, runCampaign } from './faults/campaign.js';
import { reportToText } from './faults/report.js';

// A short campaign; long ones by hand: node dist/test/e2e/faults/main.js SEED [FAULTS].
test('under faults of every kind no byte and no coin is lost, and everything is whole again in time', async () => {
  const seed = Date.now() % 100_000;
  const events: string[] = [];
  const report = await runCampaign({
    ...DEFAULT_CAMPAIGN,
    seed,
    providers: 18,
    faults: 40,
    onEvent: (text) => events.push(text),
  });
  const isGood =
    report.bytesLost === 0 &&
    report.wrongs.length === 0 &&
    report.stuckCoins === '0' &&
    report.healthySeconds !== null;
  // The seed and every event, so that the run can be understood and made again.
  if (!isGood) throw new Error(`${reportToText(report)}\n${events.join('\n')}`);
  expect(report.faultCount).toBeGreaterThanOrEqual(40);
  expect(report.filesStored).toBeGreaterThan(0);
  expect(report.bytesRead).toBeGreaterThan(0);
}, 600_000);
