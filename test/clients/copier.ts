import { compose } from '../../shared/app/compose.ts';
import { parseConfig } from '../../shared/app/config/config.ts';

// A region's worker as a process of its own, to be killed: makes the copies that are due, and ends.
const longshore = compose(parseConfig(process.env));
await longshore.messages['replication-copy']();
await longshore.dispose();
process.exit(0);
