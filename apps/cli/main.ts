// The command line: parses, runs one command, turns its outcome into an exit code.
import { runCli } from './run-cli.js';

process.exitCode = await runCli(process.argv.slice(2));
// Idle keep-alive connections and the channel to a launcher must not hold the prompt back.
process.exit();
