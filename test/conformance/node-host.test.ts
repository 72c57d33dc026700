import { overNodeHost } from './registry.ts';
import { conformance } from './workflows.ts';

conformance('the plain Node host', overNodeHost);
