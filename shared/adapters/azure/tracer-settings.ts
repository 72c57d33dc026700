import type { TokenCredential } from '@azure/identity';
import type { AzureMonitorExporterOptions } from '@azure/monitor-opentelemetry-exporter';

export interface TracerSettings {
  /** Of an Application Insights resource, with its ingestion endpoint. */
  readonly connectionString: string;
  /** Absent: the connection string's key is enough. */
  readonly credential?: TokenCredential;
  /** From 0 to 1: the part of traces that is sent. */
  readonly share: number;
  /** What Application Insights calls the role, and which of its instances this is. */
  readonly role: string;
  readonly instance: string;
  readonly region: string;
  /** For tests: what takes the spans elsewhere. */
  readonly httpClient?: NonNullable<AzureMonitorExporterOptions['httpClient']>;
}
