import { createInterface } from 'node:readline';

/** Words of the bench, one per line on standard input: each handler's answer goes back as one line of JSON. */
export function serve(handlers) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { word, ...data } = JSON.parse(line);
    try {
      say({ word, ...(await handlers[word](data)) });
    } catch (error) {
      say({ word, error: error?.stack ?? String(error) });
    }
  });
  // The bench is gone or has heard enough.
  lines.on('close', () => process.exit(0));
}

function say(answer) {
  process.stdout.write(
    `${JSON.stringify({ ...answer, peakRssMiB: process.resourceUsage().maxRSS / 1024 })}\n`,
  );
}
