/** A process of its own that empties the first volume of a folder, slowly: `node drain-process.js FOLDER RATE`. */
import { TestVolumes } from './test-volumes.js';

const [dataDir = '', rate = '1'] = process.argv.slice(2);
const volumes = await TestVolumes.open({
  dataDir,
  capacities: [2 ** 26, 2 ** 26],
  moveBytesPerSecond: Number(rate),
});
const [first] = volumes.admin.list();
if (first !== undefined) await volumes.admin.setMode(first.id, 'draining');
console.log('draining');
setInterval(() => undefined, 60_000);
