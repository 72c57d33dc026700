import { globMatches } from '../../core/rules/pattern.ts';
import type { Finding } from './findings.ts';
import type { VexDocument } from './openvex.ts';
import { answerOf } from './openvex.ts';
import type { ScanException } from './policy.ts';
import { covers } from './policy.ts';
import { formsOfPurl } from './purl.ts';

/** The image that is judged. */
export interface JudgedImage {
  readonly repository: string;
  /** Its own digest, and those of indexes that list it. */
  readonly digests: readonly string[];
}

/** The verified documents of one author. Authors are listed in the order in which they are believed. */
export interface VexAuthor {
  readonly author: string;
  readonly documents: readonly VexDocument[];
}

/** The thing that takes a finding away, or leaves it. */
export type Suppression =
  | { readonly by: 'exception'; readonly exception: ScanException }
  | { readonly by: 'vex'; readonly author: string; readonly document: string; readonly justification: string }
  | { readonly by: 'nothing'; readonly expired?: ScanException };

/** Makes a function that says what takes a finding away: an exception first, then the first author who answers. */
export function suppressor(
  image: JudgedImage,
  exceptions: readonly ScanException[],
  authors: readonly VexAuthor[],
  now: Date,
): (finding: Finding) => Suppression {
  const byId = Map.groupBy(
    exceptions.filter(({ repositories }) => covers(repositories, image.repository)),
    ({ vulnerability }) => vulnerability.toUpperCase(),
  );
  return (finding) => {
    const names = new Set([finding.id, ...(finding.aliases ?? [])].map((name) => name.toUpperCase()));
    const lasting = [...names]
      .flatMap((name) => byId.get(name) ?? [])
      .filter((exception) => isForPackage(exception.package, finding))
      .toSorted(byEnd)
      .at(-1);
    if (lasting !== undefined && Date.parse(lasting.expiresAt) > now.getTime())
      return { by: 'exception', exception: lasting };
    for (const { author, documents } of authors) {
      const answer = answerOf(documents, image.digests, finding);
      if (answer === undefined) continue;
      // An author who says that it is affected, or does not know yet, ends the question: a later one is believed less.
      if (answer.status !== 'not_affected' && answer.status !== 'fixed') break;
      return { by: 'vex', author, document: answer.document, justification: answer.justification };
    }
    return lasting === undefined ? { by: 'nothing' } : { by: 'nothing', expired: lasting };
  };
}

/** Orders exceptions by their end, so that the one that lasts longest is applied. */
function byEnd(a: ScanException, b: ScanException): number {
  return Date.parse(a.expiresAt) - Date.parse(b.expiresAt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function isForPackage(pattern: string | undefined, { package: name, purl }: Finding): boolean {
  if (pattern === undefined) return true;
  if (!pattern.startsWith('pkg:')) return globMatches(pattern, name);
  return purl !== undefined && formsOfPurl(purl).some((form) => globMatches(pattern, form));
}
