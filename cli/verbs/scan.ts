import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { barOf } from '../context.ts';
import { exits, Failure, usageFailure } from '../failure.ts';
import type { List } from '../output.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { manifestsOf } from '../registry/listed.ts';
import type { Api } from '../registry/registry.ts';
import { counted, shortDigest, timeOf } from '../text/words.ts';
import type { Given, Verb } from '../verb.ts';

type Scan = components['schemas']['Scan'];
type Findings = components['schemas']['Findings'];
type ImageFindings = components['schemas']['ImageFindings'];
type Finding = components['schemas']['Finding'];

const scans: List<Scan> = {
  columns: [
    { title: 'IMAGE', mayShrink: true, text: ({ repository, digest }) => `${repository}@${shortDigest(digest)}` },
    { title: 'SCANNER', text: ({ scanner }) => scanner },
    { title: 'STATE', isState: true, text: ({ state, outcome }) => outcome ?? state },
    { title: 'ENDED', text: ({ endedAt }) => timeOf(endedAt), raw: ({ endedAt }) => endedAt },
    { title: 'WHY', mayShrink: true, text: ({ reason }) => reason },
  ],
  nameOf: ({ repository, digest }) => `${repository}@${digest}`,
  whenEmpty: 'Nothing is scanned.',
};

/** A scanner may take so long; afterwards the scan goes on without this command. */
const looks = 900;
const lookPauseMs = 2_000;

/** Waits until each scan that was asked for has ended, and returns them as they are then. */
async function ended(context: Context, api: Api, query: { repository: string; reference: string }, asked: Scan[]) {
  const wanted = new Set(asked.map(({ digest }) => digest));
  for (let look = 0; look < looks; look += 1) {
    const { images } = dataOf(await api.GET('/images/findings', { params: { query } }));
    const now = images.flatMap(({ digest, scan }) => (scan !== undefined && wanted.has(digest) ? [scan] : []));
    const left = now.filter(({ state }) => state !== 'ended');
    if (left.length === 0) return now;
    const [first] = left;
    await context.progress(
      `${first?.state ?? ''} ${barOf(now.length - left.length, now.length)} ${first?.reason ?? ''}`,
    );
    await context.world.pause(lookPauseMs, context.world.interrupted);
  }
  throw new Failure(
    `the scan goes on in the registry: ${context.world.call} findings ${nameOfImage(withReference(query))} shows its end`,
  );
}

function withReference({ repository, reference }: { repository: string; reference: string }) {
  return reference.includes(':') ? { repository, digest: reference } : { repository, tag: reference };
}

async function scanImage(context: Context, given: Given): Promise<void> {
  const image = parseImage(given.at(0));
  const registry = await context.connect(image);
  const api = await registry.api;
  const query = { repository: image.repository, reference: image.digest ?? image.tag ?? '' };
  const scanner = given.text('scanner');
  const body = { ...query, ...(scanner === undefined ? {} : { scanner }) };
  const { items } = dataOf(await api.POST('/scanning/scans', { body }));
  const done = await context.goingOn('the scan', `findings ${nameOfImage(image)}`, () =>
    ended(context, api, query, items),
  );
  await context.progress('');
  await context.output.list(done, scans);
  const failed = done.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed;
  if (first !== undefined)
    throw new Failure(
      `${counted(failed.length, 'scan')} failed: ${first.reason ?? 'the scanner does not say why'}; ` +
        `${context.world.call} scanners check ${first.scanner} asks the scanner`,
    );
  await context.output.say(`${context.world.call} findings ${nameOfImage(image)} shows what was found`);
}

export const scan: Verb = {
  name: 'scan',
  does: 'Has an image scanned now, with all that it lists, and waits until that has ended',
  takes: '<image>',
  flags: [{ flags: '--scanner <name>', says: 'the scanner (the default one)' }],
  notes: ['Ctrl-C ends the waiting and not the scan. What was known counts until the new report is there.'],
  examples: ['scan prod/app:1', 'scan prod/app:1 --scanner trivy -o json'],
  run: scanImage,
};

type Row = Finding & { readonly platform: string };

const takenOf = ({ taken }: Finding) =>
  taken === undefined ? '' : `${taken.exception ?? taken.policy ?? taken.by}: ${taken.reason}`;

const rows: List<Row> = {
  columns: [
    { title: 'SEVERITY', isState: true, text: ({ severity }) => severity },
    { title: 'VULNERABILITY', text: ({ id }) => id },
    { title: 'PACKAGE', mayShrink: true, text: (finding) => finding.package },
    { title: 'VERSION', mayShrink: true, text: ({ version }) => version },
    { title: 'FIXED IN', mayShrink: true, text: ({ fixedIn }) => fixedIn },
    { title: 'PLATFORM', text: ({ platform }) => platform },
    { title: 'TAKEN BY', mayShrink: true, text: takenOf },
  ],
  nameOf: ({ id }) => id,
  whenEmpty: 'No report names a vulnerability of it.',
};

function stateOf({ state, report, scan: last }: ImageFindings): string {
  if (report !== undefined) {
    const { scanner, scannedAt } = report;
    return `scanned ${timeOf(scannedAt)} by ${scanner.name} ${scanner.version}`;
  }
  if (state === 'unscannable') return 'no scanner can scan it';
  return last?.reason === undefined ? 'it waits for a report' : `it waits for a report: ${last.reason}`;
}

async function showFindings({ output }: Context, found: Pick<Findings, 'images'>, whole: object): Promise<void> {
  if (output.format === 'json') return output.one(whole, { lines: [], name: '' });
  const all = found.images.flatMap(({ platform = '', findings }) =>
    findings.map((each): Row => ({ ...each, platform })),
  );
  await output.list(all, rows);
  for (const image of found.images) {
    await output.say(`${image.platform ?? shortDigest(image.digest)}: ${stateOf(image)}`);
    for (const { name, mode, effect, reasons, graceUntil } of image.policies)
      await output.say(
        `  ${name} (${mode}): ${effect}${graceUntil === undefined ? '' : ` until ${timeOf(graceUntil)}`} ` +
          reasons.join(' '),
      );
  }
}

export const findings: Verb = {
  name: 'findings',
  does: 'Lists the vulnerabilities that the last report names, and what the scan policies say of them',
  takes: '<image>',
  notes: [
    'The worst 1,000 of each image are listed. TAKEN BY names the exception or the VEX statement that takes one away.',
  ],
  examples: ['findings prod/app:1', 'findings prod/app:1 -o name', 'findings prod/app:1 -o json'],
  async run(context, given) {
    const image = parseImage(given.at(0));
    const api = await (await context.connect(image)).api;
    const query = { repository: image.repository, reference: image.digest ?? image.tag ?? '' };
    const found = dataOf(await api.GET('/images/findings', { params: { query } }));
    await showFindings(context, found, found);
  },
};

async function putReport(context: Context, given: Given): Promise<void> {
  const { world } = context;
  const image = parseImage(given.at(0));
  if (world.canAsk)
    throw usageFailure(`pipe the report to the command, as in ${world.call} report put ${given.at(0)} < report.json`);
  const body = await world.readInput();
  if (body.trim() === '') throw new Failure('the standard input is empty: did the scanner fail?', exits.usage);
  const registry = await context.connect(image);
  const { digest } = await manifestsOf(registry, image);
  const query = new URLSearchParams({ repository: image.repository, digest });
  const found = await registry.putText(`/api/v1/images/report?${query.toString()}`, body);
  await showFindings(context, { images: [found as ImageFindings] }, found as object);
}

export const report: Verb = {
  name: 'report',
  does: 'Puts the reports of scans that a CI has made',
  verbs: [
    {
      name: 'put',
      does: 'Puts the report of a scan on the standard input; the image is judged by it at once',
      takes: '<image>',
      notes: [
        'The report is JSON of Trivy or Grype, SARIF, or CycloneDX with vulnerabilities. Of an index each image has a ' +
          'report of its own: name it by its digest. It takes quarantine/write of the repository.',
      ],
      examples: ['report put prod/app:1 < trivy.json'],
      run: putReport,
    },
  ],
};
