import type { TokenCredential } from '@azure/identity';
import type { AzureMonitorExporterOptions } from '@azure/monitor-opentelemetry-exporter';

export interface TracerSettings {
  /** The connection string of an Application Insights resource, with its ingestion endpoint. */
  readonly connectionString: string;
  /** The credential; if absent, the connection string's key is enough. */
  readonly credential?: TokenCredential;
  /** The part of traces that is sent, from 0 to 1. */
  readonly share: number;
  /** The name of the role in Application Insights, and of the instance within it. */
  readonly role: string;
  readonly instance: string;
  readonly region: string;
  /** The client that tests send the spans through. */
  readonly httpClient?: NonNullable<AzureMonitorExporterOptions['httpClient']>;
}
