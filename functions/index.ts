// Every trigger file, in the order in which the host matches their routes.
import './setup.ts';
import './registry/registry.http.ts';
import './acr/acr.http.ts';
import './oauth2/oauth2.http.ts';
import './api/api.http.ts';
import './health/health.http.ts';
import './metrics/metrics.http.ts';
import './usage/record.event.ts';
import './events/sweep.timer.ts';
import './acr/settle.timer.ts';
import './purge/collect.timer.ts';
import './purge/leftovers.timer.ts';
import './purge/mark.event.ts';
import './purge/mark.timer.ts';
