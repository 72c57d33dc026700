import { answerHelper } from './docker-protocol.ts';
import { nodeWorld } from './node-world.ts';

process.exitCode = await answerHelper(nodeWorld('docker-credential-longshore'), process.argv.slice(2));
