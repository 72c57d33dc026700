import { BlockList, isIP } from 'node:net';

/** IANA's registries of special-purpose addresses, and multicast: a public service is at none of them. */
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Azure's own address: the platform's DNS, DHCP and health probes answer at it to every virtual machine. */
const azurePlatform = '168.63.129.16/32';

/**
 * Only global unicast is public. Documentation lies in it, and so do tunnels that carry any IPv4 address; NAT64 lies
 * outside of it.
 */
const globalUnicast = '2000::/3';
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Link-local addresses, and the clouds' services that hand credentials to every caller: no setting opens them. */
const metadata = ['169.254.0.0/16', 'fe80::/10', azurePlatform, '100.100.100.200/32', 'fd00:ec2::254/128'];

/** Forms of IPv6 that carry any IPv4 address, a metadata service's among them: no setting opens them either. */
const carriers = ['::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'];

export const loopbackNetworks: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** Says whether a text is a network, as in `10.1.0.0/16` or `fd00:1::/64`. */
export function isNetwork(text: string): boolean {
  const [, address = '', prefix = ''] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(prefix) <= (family === 4 ? 32 : 128);
}

/**
 * Makes a test whether an address lies in one of the networks. The families are kept apart, because a list of both
 * takes an IPv4 address in the form of IPv6 for the IPv4 one. A text that is no address, or has a zone, is in no
 * network.
 */
function within(networks: readonly string[]): (address: string) => boolean {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    const family = isIP(address);
    lists[family === 4 ? 4 : 6].addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const family = address.includes('%') ? 0 : isIP(address);
    if (family === 4) return lists[4].check(address, 'ipv4');
    return family === 6 && lists[6].check(address, 'ipv6');
  };
}

const isClosed = within([...metadata, ...carriers]);
const isSpecial = within([...special4, azurePlatform, ...special6]);
const isUnicast = within(['0.0.0.0/0', globalUnicast]);

export const isLoopbackAddress = within(loopbackNetworks);

/**
 * Says whether an address may be one of the public internet. A text that is no address is not, nor is an address with a
 * zone or an IPv4 one in the form of IPv6.
 */
export function isPublicAddress(address: string): boolean {
  return isUnicast(address) && !isSpecial(address);
}

/** The addresses that may be connected to for the sake of a URL that somebody else chose. */
export interface Reach {
  /** Says whether the operator opened an address that is not public. */
  readonly isOpened: (address: string) => boolean;
  readonly allows: (address: string) => boolean;
}

/**
 * Allows public addresses and those of the networks given, each as `isNetwork` accepts it. Metadata services and
 * link-local addresses stay closed whatever is given.
 */
export function reachOf(networks: readonly string[]): Reach {
  const isGiven = within(networks);
  const isOpened = (address: string) => isGiven(address) && !isClosed(address);
  return { isOpened, allows: (address) => isPublicAddress(address) || isOpened(address) };
}
