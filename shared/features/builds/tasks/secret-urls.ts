import { RegistryError } from '../../../core/oci/faults.ts';
import { hidden, meantUrl, shownUrl, withoutUser } from '../../../core/outbound/shown-url.ts';
import type { TaskSettings } from './documents.ts';

/**
 * A task as it is shown: what a runner or a gate is posted to may be opened by its path alone. Repositories of before
 * may have a user in their URL.
 */
export function withoutSecretUrls(settings: TaskSettings): TaskSettings {
  const { context, runner, test } = settings;
  return {
    ...settings,
    context: 'git' in context ? { ...context, git: withoutUser(context.git) } : context,
    ...(runner !== undefined && 'webhook' in runner
      ? { runner: { webhook: { url: shownUrl(runner.webhook.url) } } }
      : {}),
    ...(runner !== undefined && 'github' in runner
      ? { runner: { github: { ...runner.github, api: withoutUser(runner.github.api) } } }
      : {}),
    ...(test !== undefined && 'url' in test ? { test: { ...test, url: shownUrl(test.url) } } : {}),
  };
}

/**
 * A task as it is meant: what was read can be sent back, and keeps what is there. Throws `RegistryError`
 * (`request-invalid`) for URLs with a user, or a mask of nothing.
 */
export function withMeantUrls(settings: TaskSettings, before: TaskSettings | undefined): TaskSettings {
  const { context, runner, test } = settings;
  if ('git' in context) requirePlain('context.git', context.git, 'name a credential instead');
  if (runner !== undefined && 'github' in runner)
    requirePlain('runner.github.api', runner.github.api, 'name a token instead');
  const [runnerBefore, testBefore] = [before?.runner, before?.test];
  return {
    ...settings,
    ...(runner !== undefined && 'webhook' in runner
      ? {
          runner: {
            webhook: {
              url: meant(
                'runner.webhook.url',
                runner.webhook.url,
                runnerBefore !== undefined && 'webhook' in runnerBefore ? runnerBefore.webhook.url : undefined,
              ),
            },
          },
        }
      : {}),
    ...(test !== undefined && 'url' in test
      ? {
          test: {
            ...test,
            url: meant(
              'test.url',
              test.url,
              testBefore !== undefined && 'url' in testBefore ? testBefore.url : undefined,
            ),
          },
        }
      : {}),
  };
}

function meant(name: string, given: string, before: string | undefined): string {
  const { username, password } = new URL(given);
  if (username !== '' || password !== '')
    throw invalid(`${name} must not hold a user or password: nothing is posted there with one`);
  const url = meantUrl(given, before);
  if (url === undefined)
    throw invalid(
      `${name} is masked, and is not how the present one is shown: send that as it was read, or all of the new one`,
    );
  return url;
}

/** These are shown in builds, logs and annotations of images. */
function requirePlain(name: string, text: string, instead: string): void {
  const { username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '' || text.includes(hidden))
    throw invalid(`${name} must have no user, password, query or fragment, for it is shown: ${instead}`);
}

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'request-invalid', why });
}
