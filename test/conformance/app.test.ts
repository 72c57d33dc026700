import { directly } from './registry.ts';
import { conformance } from './workflows.ts';

conformance('the app by itself', directly);
