import type { IdentifyPorts } from '../identify.ts';
import type { ProveOutside } from '../issuers/prove.ts';

export interface OAuth2Ports extends IdentifyPorts {
  readonly outside: ProveOutside;
}
