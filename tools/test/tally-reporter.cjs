/** A Jest reporter that writes the counts of a run to the file named by TALLY_FILE, for tools/test/jest-phase.ts. */
'use strict';

const fs = require('node:fs');

module.exports = class TallyReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } =
      results;
    const counts = {
      numPassedTests,
      numFailedTests,
      numPendingTests,
      numTodoTests,
      numRuntimeErrorTestSuites,
    };
    fs.writeFileSync(process.env.TALLY_FILE, JSON.stringify(counts));
  }
};
