import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseArguments } from '../../infra/deploy/arguments.ts';
import { deploy } from '../../infra/deploy/deploy.ts';
import { runProgram } from '../../infra/deploy/run.ts';
import { zipFolder } from '../../infra/deploy/zip.ts';
import type { AzStandIn } from './az-stand-in.ts';
import { makeAzStandIn } from './az-stand-in.ts';

const inOrder = [
  /^version/,
  /^account show/,
  /^bicep version/,
  /^group exists/,
  /^group create/,
  /--name longshore /,
  /config-zip .*site-a/,
  /config-zip .*site-b/,
  /--name longshore-subscriptions/,
];
const flags = [
  '--resource-group',
  'registry',
  '--parameters',
  'infra/main.oneregion.bicepparam',
  '--location',
  'westeurope',
];
const secret = 'scrypt:16384:8:1:c2FsdA:aGFzaA';

let az: AzStandIn;
let folder: string;

beforeEach(async () => {
  az = await makeAzStandIn();
  folder = az.folder;
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
  vi.stubEnv('AZ_FOLDER', folder);
  vi.stubEnv('LONGSHORE_ADMIN_PASSWORD_HASH', secret);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await az.remove();
});

const calls = () => az.calls();

async function deployed(
  more: readonly string[] = [],
  said: string[] = [],
): Promise<{ server: string | undefined; did: string[] }> {
  const did: string[] = [];
  const server = await deploy(parseArguments([...flags, ...more]), {
    run: runProgram,
    pack: () => {
      did.push('pack');
      return Promise.resolve('package.zip');
    },
    smoke: (origin) => Promise.resolve(void did.push(`smoke ${origin}`)),
    say: (line) => void said.push(line),
    pause: (ms) => Promise.resolve(void did.push(`pause ${ms}`)),
  });
  return { server, did };
}

describe('npm run deploy', () => {
  it('makes its calls in order, and tries what it deployed', async () => {
    expect(await deployed()).toEqual({
      server: 'https://registry.example',
      did: ['pack', 'smoke https://registry.example'],
    });
    const made = await calls();
    expect(made).toHaveLength(inOrder.length);
    inOrder.forEach((call, at) => expect(made[at]).toMatch(call));
  });

  it('makes the same calls again when all is there, without the group', async () => {
    await deployed();
    const first = await calls();
    await az.forget();
    await deployed();
    expect(await calls()).toEqual(first.filter((call) => !call.startsWith('group create')));
  });

  it.each(inOrder.map((_, at) => [at + 1]))('stops where call %i fails, and says the next step', async (at) => {
    vi.stubEnv('AZ_FAILS', String(at));
    await expect(deployed()).rejects.toThrow(/^az .+ failed: ERROR: refused\nNext: ./);
    expect(await calls()).toHaveLength(at);
  });

  it('waits for a role that is not true everywhere yet', async () => {
    vi.stubEnv('AZ_FAILS', '7');
    vi.stubEnv('AZ_SAYS', 'BlobUploadFailedException: 403');
    expect((await deployed()).did).toEqual(['pack', 'pause 60000', 'smoke https://registry.example']);
  });

  it('changes nothing with --what-if', async () => {
    await writeFile(join(folder, 'group'), 'true');
    expect(await deployed(['--what-if'])).toEqual({ server: undefined, did: [] });
    expect((await calls()).slice(3).map((call) => call.split(' --')[0])).toEqual([
      'group exists',
      'deployment group what-if',
    ]);
  });

  it('says the next step when --what-if fails', async () => {
    await writeFile(join(folder, 'group'), 'true');
    vi.stubEnv('AZ_FAILS', '5');
    await expect(deployed(['--what-if'])).rejects.toThrow(
      /^az deployment group what-if .*failed: ERROR: refused\nNext: correct the parameters; no resource was changed/,
    );
  });

  it('says with the numbers what Functions alone take, and nothing of it where a container app takes uploads', async () => {
    const said: string[] = [];
    await deployed([], said);
    expect(said.join('\n')).not.toContain('Careful');
    vi.stubEnv('AZ_DATA_PLANE', 'functions');
    await deployed([], said);
    expect(said.at(-1)).toMatch(
      /^Careful: .*in memory four times.* above 341 MiB is answered with 500.*\nNext: if layers are larger, set dataPlane to containerApp/,
    );
  });

  it.each(['oneregion', 'threeregions'])('asks for the image that %s needs before it does anything', async (sample) => {
    const { code, stderr } = await runProgram(process.execPath, [
      fileURLToPath(new URL('../../infra/deploy/main.ts', import.meta.url)),
      '--resource-group',
      'registry',
      '--parameters',
      `infra/main.${sample}.bicepparam`,
    ]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^LONGSHORE_IMAGE is not set.*\nNext: build it .*dataPlane = 'functions'/),
    ]);
    await expect(calls()).rejects.toThrow('ENOENT');
  });

  it('passes no secret where other users of the machine may read it', async () => {
    await deployed();
    expect((await calls()).join('\n')).not.toContain(secret);
  });

  it('refuses an az that does not know Flex Consumption, and says so when there is none', async () => {
    vi.stubEnv('AZ_VERSION', '2.59.0');
    await expect(deployed()).rejects.toThrow('az is 2.59.0, and must be 2.60 or newer');
    vi.stubEnv('PATH', '/nowhere');
    await expect(deployed()).rejects.toThrow(/there is no such program on the PATH\nNext: install the Azure CLI/);
  });

  it('names all faults of its arguments at once', () => {
    expect(() => parseArguments(['--parameters', 'x.json', '--force', 'now', '--location', 'West Europe'])).toThrow(
      /no --force.*"now".*--resource-group is missing.*--parameters must name.*--location must be/,
    );
  });
});

describe('the package', () => {
  it('is a zip of the files that are not left out, the same each time', async () => {
    await writeFile(join(folder, 'host.json'), '{}');
    const zip = await zipFolder(folder, (path) => path === 'az');
    expect(await zipFolder(folder, (path) => path === 'az')).toEqual(zip);
    expect(unzipped(zip)).toEqual({ 'host.json': '{}' });
  });
});

/** As APPNOTE.TXT 4.3 has it read: from the directory at its end, which says where each file lies. */
function unzipped(zip: Buffer): Record<string, string> {
  const end = zip.length - 22;
  expect(zip.readUInt32LE(end)).toBe(0x06054b50);
  const files: Record<string, string> = {};
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    expect(zip.readUInt32LE(at)).toBe(0x02014b50);
    const [crc, packed, size, nameLength, local] = [
      zip.readUInt32LE(at + 16),
      zip.readUInt32LE(at + 20),
      zip.readUInt32LE(at + 24),
      zip.readUInt16LE(at + 28),
      zip.readUInt32LE(at + 42),
    ];
    expect(zip.readUInt32LE(local)).toBe(0x04034b50);
    const begins = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = inflateRawSync(zip.subarray(begins, begins + packed));
    expect([bytes.length, crc32(bytes)]).toEqual([size, crc]);
    files[zip.subarray(at + 46, at + 46 + nameLength).toString()] = bytes.toString();
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}
