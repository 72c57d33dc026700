import { BlockList, isIP } from 'node:net';

/** What the IANA's registries of special-purpose addresses hold, and multicast: a public service is at none of them. */
const special4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'];

/** Azure's own: the platform's DNS, DHCP and health probes answer to every virtual machine there. */
const azurePlatform = '168.63.129.16/32';

/** Only global unicast is public; in it are documentation, and tunnels that carry any IPv4 address. NAT64 lies outside of it. */
const globalUnicast = '2000::/3';
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function blockList(subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix = ''] = subnet.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}

const notPublic4 = blockList([...special4, azurePlatform], 'ipv4');
const notPublic6 = blockList(special6, 'ipv6');
const public6 = blockList([globalUnicast], 'ipv6');
const loopback4 = blockList(['127.0.0.0/8'], 'ipv4');

/** Whether an address may be one of the public internet. What is no address is not, nor is one with a zone, nor an IPv4 one in the form of IPv6. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  const family = isIP(address);
  if (family === 4) return !notPublic4.check(address, 'ipv4');
  return family === 6 && public6.check(address, 'ipv6') && !notPublic6.check(address, 'ipv6');
}

export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && loopback4.check(address, 'ipv4'));
}
