import type { components } from '../../generated/api.d.ts';
import type { Context } from '../context.ts';
import { exits, Failure } from '../failure.ts';
import type { Pair } from '../output.ts';
import { nameOfImage, parseImage } from '../registry/address.ts';
import { dataOf } from '../registry/data.ts';
import { counted, timeOf } from '../text/words.ts';

type Verdict = components['schemas']['ImageVerdict'];
type Judgement = components['schemas']['Judgement'];

function linesOfJudgement({ part, state, mode, policies, ...judgement }: Judgement): Pair[] {
  const ends: Pair[] = [
    ['open until', timeOf(judgement.graceUntil)],
    ['judged again', timeOf(judgement.dueAt)],
  ];
  return [
    [part, `${state}, ${mode}, by ${policies.join(' ')}${judgement.isCurrent ? '' : '; it is being judged anew'}`],
    ...judgement.reasons.map((reason): Pair => ['  because', reason]),
    ...judgement.evidence.map((evidence): Pair => ['  evidence', evidence]),
    ...ends.map(([title, text]): Pair => [`  ${title}`, text]),
  ];
}

function linesOf(verdict: Verdict): Pair[] {
  const { release, walk, covering } = verdict;
  return [
    ['image', `${verdict.repository}@${verdict.digest}`],
    ['held', verdict.held ? 'yes' : 'no'],
    ['why', verdict.explanation],
    ...verdict.judgements.flatMap(linesOfJudgement),
    ['released', release && `until ${timeOf(release.until)} by ${release.by}: ${release.reason}`],
    ['covered by', covering.map(({ part, name, mode }) => `${part} ${name} (${mode})`).join(', ')],
    [
      'walk',
      walk &&
        `since ${timeOf(walk.beganAt)} changed policies judge all images: ${counted(walk.judged, 'manifest')} so far`,
    ],
  ];
}

/** Says what can be typed against each kind of judgement that holds an image. */
function nextSteps(call: string, image: string, { judgements }: Verdict): string {
  const parts = judgements
    .filter(({ state, mode }) => state !== 'passed' && mode === 'enforce')
    .map(({ part }) => part);
  const steps = [
    ...(parts.includes('quarantine') ? [`${call} quarantine pass ${image}`] : []),
    `${call} release ${image} --reason TEXT`,
  ];
  return `${steps.join(' passes it, ')} opens it for some hours`;
}

/** Says whether an image is held, by which policies, and what to do next; exit code 3 where it is. */
export async function whyImage({ connect, output, world }: Context, text: string): Promise<void> {
  const image = parseImage(text);
  const api = await (await connect(image)).api;
  const query = { repository: image.repository, reference: image.digest ?? image.tag ?? '' };
  const verdict = dataOf(await api.GET('/images/verdict', { params: { query } }));
  await output.one(verdict, { name: verdict.held ? 'held' : 'open', lines: linesOf(verdict) });
  const name = nameOfImage(image);
  if (verdict.held) throw new Failure(`${name} is held: ${nextSteps(world.call, name, verdict)}`, exits.refused);
}
