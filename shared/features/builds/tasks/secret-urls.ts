import { defined } from '../../../core/documents/defined.ts';
import { RegistryError } from '../../../core/oci/faults.ts';
import { hidden, meantUrl, shownUrl, withoutUser } from '../../../core/outbound/shown-url.ts';
import type { TaskSettings } from './documents.ts';

/**
 * Returns the settings of a task as they are shown: the URL of a runner or a gate may be a secret by its path alone.
 * Repositories of older tasks may have a user in their URL.
 */
export function withoutSecretUrls(settings: TaskSettings): TaskSettings {
  const { context, runner, test } = settings;
  return {
    ...settings,
    context: 'git' in context ? { ...context, git: withoutUser(context.git) } : context,
    ...defined({
      runner: runner === undefined ? undefined : shownRunner(runner),
      test: test !== undefined && 'url' in test ? { ...test, url: shownUrl(test.url) } : test,
    }),
  };
}

function shownRunner(runner: NonNullable<TaskSettings['runner']>): NonNullable<TaskSettings['runner']> {
  if ('webhook' in runner) return { webhook: { url: shownUrl(runner.webhook.url) } };
  return 'github' in runner ? { github: { ...runner.github, api: withoutUser(runner.github.api) } } : runner;
}

/**
 * Returns the settings of a task as they are meant: shown settings can be sent back, and keep the URLs that they mask.
 * Throws `RegistryError` (`request-invalid`) for URLs with a user, or a mask that stands for nothing.
 */
export function withMeantUrls(settings: TaskSettings, before: TaskSettings | undefined): TaskSettings {
  const { context, runner, test } = settings;
  if ('git' in context) requirePlain('context.git', context.git, 'use "credential" instead');
  if (runner !== undefined && 'github' in runner)
    requirePlain('runner.github.api', runner.github.api, 'use "token" instead');
  return {
    ...settings,
    ...defined({
      runner:
        runner !== undefined && 'webhook' in runner
          ? { webhook: { url: meant('runner.webhook.url', runner.webhook.url, webhookOf(before)) } }
          : runner,
      test:
        test !== undefined && 'url' in test ? { ...test, url: meant('test.url', test.url, testUrlOf(before)) } : test,
    }),
  };
}

function webhookOf(settings: TaskSettings | undefined): string | undefined {
  return settings?.runner !== undefined && 'webhook' in settings.runner ? settings.runner.webhook.url : undefined;
}

function testUrlOf(settings: TaskSettings | undefined): string | undefined {
  return settings?.test !== undefined && 'url' in settings.test ? settings.test.url : undefined;
}

function meant(name: string, given: string, before: string | undefined): string {
  const { username, password } = new URL(given);
  if (username !== '' || password !== '')
    throw invalid(`${name} must not have a user or password: no request with one is sent`);
  const url = meantUrl(given, before);
  if (url === undefined)
    throw invalid(
      `${name} is masked, and differs from the present one as it is shown: send it exactly as it was ` +
        'read, or send the whole new URL',
    );
  return url;
}

/** Throws for a URL with credentials: these URLs are shown in builds, logs and annotations of images. */
function requirePlain(name: string, text: string, instead: string): void {
  const { username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '' || search !== '' || hash !== '' || text.includes(hidden))
    throw invalid(`${name} must have no user, password, query or fragment, because it is shown: ${instead}`);
}

function invalid(why: string): RegistryError {
  return new RegistryError({ is: 'request-invalid', why });
}
