import { overGuardedNodeHost } from './registry.ts';
import { guardedConformance } from './workflows.ts';

guardedConformance('the plain Node host', overGuardedNodeHost);
