// Every trigger file, in the order in which the host matches their routes.
import './setup.ts';
import './registry/registry.http.ts';
import './acr/acr.http.ts';
import './oauth2/oauth2.http.ts';
import './api/api.http.ts';
import './health/health.http.ts';
import './metrics/metrics.http.ts';
import './usage/record.event.ts';
import './usage/fold.queue.ts';
import './usage/fold-again.queue.ts';
import './usage/survey.timer.ts';
import './events/sweep.timer.ts';
import './webhooks/dispatch.event.ts';
import './webhooks/deliver.queue.ts';
import './webhooks/let-go.queue.ts';
import './webhooks/sweep.timer.ts';
import './acr/settle.timer.ts';
