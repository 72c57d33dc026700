import { nodeWorld } from './node-world.ts';
import { exitOf } from './program.ts';

// In a checkout the sources run, and the words that somebody types are those of the script.
const call = import.meta.filename.endsWith('.ts') ? 'npm run -s longshore --' : 'longshore';
process.exitCode = await exitOf(nodeWorld(call), process.argv.slice(2));
