import type { Schema, VNode } from '../../kit.ts';
import { answered, api, formatDay, Link, linkTo, ShowAnswer, Text, TextField, useAnswer, useState } from '../../kit.ts';

type Verdict = Schema<'PurgeExplained'>['policies'][number]['manifest'];

const verdicts = { keep: ['good', 'stays'], due: ['bad', 'is due'], 'not-yet': ['warn', 'not yet'] } as const;

/** Answers by which rule of which policy an image goes or stays. */
export function Explain(): VNode {
  const [image, setImage] = useState('');
  const answer = useAnswer<Schema<'PurgeExplained'>>(image);
  const look = (event: Event) => {
    event.preventDefault();
    answer.ask((signal) => answered(api.GET('/purge/explain', { params: { query: { image } }, signal })));
  };
  return (
    <form class="card" aria-label="Does an image go?" onSubmit={look}>
      <h2>Does an image go?</h2>
      <div class="bar">
        <TextField label="Image" value={image} onValue={setImage} placeholder="team/app:1" />
        <button type="submit" class="button plain">
          Explain
        </button>
      </div>
      <ShowAnswer of={answer}>
        {({ policies }) =>
          policies.length === 0 ? (
            <p>No policy covers it: it stays.</p>
          ) : (
            <ul>
              {policies.map(({ policy, on, manifest, tags }) => (
                <li key={policy}>
                  <Link href={linkTo('/plan', { policy })}>
                    <Text of={policy} />
                  </Link>
                  {on ? '' : ' (off: it removes nothing)'}
                  <Said what="the image" of={manifest} />
                  {tags.map((tag) => (
                    <Said key={tag.tag} what={tag.tag} of={tag} />
                  ))}
                </li>
              ))}
            </ul>
          )
        }
      </ShowAnswer>
    </form>
  );
}

function Said({ what, of: { verdict, why, rule, dueAt } }: { readonly what: string; readonly of: Verdict }): VNode {
  const [looks, word] = verdicts[verdict];
  return (
    <p>
      <Text of={what} /> <span class={`badge ${looks}`}>{word}</span> <Text of={why} />
      {rule === undefined ? null : (
        <>
          {', by the rule '}
          <Text of={rule} />
        </>
      )}
      {dueAt === undefined ? '' : `, due on ${formatDay(dueAt)}`}
    </p>
  );
}
