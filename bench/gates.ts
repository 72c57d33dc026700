import type { TestLongshore } from '../shared/app/compose-for-test.ts';
import { composeForTest } from '../shared/app/compose-for-test.ts';
import { Admission } from '../shared/core/admission/admission.ts';
import type { TestImage } from '../test/shared/image.ts';
import { ask, makeImage, pushImage, putManifest } from '../test/shared/image.ts';
import type { Figure, Side } from './compare.ts';
import { interleave, rateOf, ratio, told } from './compare.ts';

const inFlight = 16;
const heldImages = 10_000;

/**
 * Measures pulls by digest, in turns: of an image that no policy covers, where nothing is held and where ten thousand
 * images are, of one that passed, and without gates.
 */
export async function benchGates(): Promise<Figure[]> {
  const image = makeImage('gated', 10);
  const [calm, longshore] = [await registryWith(image), await registryWith(image)];
  await pushHeld(longshore);
  const held = `${heldImages} images held`;
  const [free, beside, passed, ungated] = await interleave(
    [
      side(calm, 'not covered, none held', 'free/app', image),
      side(longshore, `not covered, ${held}`, 'free/app', image),
      side(longshore, `passed, ${held}`, 'held/passed', image),
      withoutGates(side(longshore, `without gates, ${held}`, 'free/app', image)),
    ],
    11,
  );
  return [free, beside, passed, ungated]
    .flatMap((each) => (each === undefined ? [] : [told(each)]))
    .concat(ratio(beside, free), ratio(beside, ungated), ratio(passed, ungated))
    .concat(await storeCalls(longshore, image));
}

/** Makes a registry that has the image where no policy covers it, and where it passed. */
async function registryWith(image: TestImage): Promise<TestLongshore> {
  const longshore = composeForTest();
  await pushImage(longshore.app, 'free/app', 'v1', image);
  await manage(longshore, 'PUT', '/api/v1/quarantine/policies/bench', {
    mode: 'enforce',
    repositories: { include: ['held/**'] },
  });
  await pushImage(longshore.app, 'held/passed', 'v1', image);
  await manage(longshore, 'PATCH', `/acr/v1/held/passed/_manifests/${image.digest}`, { quarantineState: 'Passed' });
  return longshore;
}

async function manage({ app }: TestLongshore, method: string, path: string, content: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(app, method, path, { headers, body: Buffer.from(JSON.stringify(content)) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

function side(longshore: TestLongshore, name: string, repository: string, { digest }: TestImage): Side {
  return {
    name,
    unit: '/s',
    async measure() {
      const rate = await rateOf(inFlight, 700, async () => {
        const { status } = await ask(longshore.app, 'GET', `/v2/${repository}/manifests/${digest}`);
        if (status !== 200) throw new Error(`${repository}: ${status}`);
      });
      await longshore.flush();
      return rate;
    },
  };
}

/** The app has no setting to switch its gates off. */
function withoutGates(measuredSide: Side): Side {
  const refusal = Reflect.get(Admission.prototype, 'refusal');
  return {
    ...measuredSide,
    async measure() {
      Admission.prototype.refusal = () => undefined;
      try {
        return await measuredSide.measure();
      } finally {
        Admission.prototype.refusal = refusal;
      }
    },
  };
}

async function pushHeld(longshore: TestLongshore): Promise<void> {
  const image = makeImage('held', 1);
  await pushImage(longshore.app, 'held/many', 'v0', image);
  const manifest = JSON.parse(Buffer.from(image.bytes).toString()) as object;
  for (let n = 0; n < heldImages; n++) {
    const bytes = Buffer.from(JSON.stringify({ ...manifest, annotations: { n: String(n) } }));
    await putManifest(longshore.app, 'held/many', `v${n}`, { ...image, bytes });
    if (n % 500 === 0) await longshore.flush();
  }
}

/** Counts exactly what a pull asks of the stores, once it is warm, and what one costs that is refused. */
async function storeCalls({ app, memory }: TestLongshore, { digest }: TestImage): Promise<Figure[]> {
  const counted = async (name: string, path: string, status: number): Promise<Figure> => {
    await ask(app, 'GET', path);
    memory.calls.resetCounts();
    const answer = await ask(app, 'GET', path);
    if (answer.status !== status) throw new Error(`${path}: ${answer.status}`);
    return { name: `store calls of ${name}`, value: String(memory.calls.total()) };
  };
  return [
    await counted('a pull by digest that no policy covers', `/v2/free/app/manifests/${digest}`, 200),
    await counted('a pull by digest that passed', `/v2/held/passed/manifests/${digest}`, 200),
    await counted('a pull by tag that passed', '/v2/held/passed/manifests/v1', 200),
    await counted('a pull by tag that is refused', '/v2/held/many/manifests/v1', 403),
  ];
}
