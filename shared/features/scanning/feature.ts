import type { Places } from '../../core/documents/whole-list.ts';
import { feature } from '../../core/feature/feature.ts';
import type { Documents } from '../../core/ports/documents.ts';
import type { AskScanner } from './adapter/ask-scanner.ts';
import { maxReportBytes } from './formats/report-json.ts';
import { scanJudge } from './judging/scan-judge.ts';
import { scanPipeline } from './pipeline.ts';
import type { JudgingPorts, ScanPorts } from './ports.ts';

/** Judges images by the last report about them. It stands before the verdicts, which ask it. */
export const scanJudging = feature({
  name: 'scan-judging',
  make: (ports: JudgingPorts) => ({ gives: { scanJudge: scanJudge(ports) } }),
});

interface Ports extends Omit<ScanPorts, 'publicUrl' | 'askScanner'> {
  readonly scanners: AskScanner;
  readonly lists: { readonly documents: Documents; readonly places: Places };
  readonly settings: { readonly publicUrl?: URL };
}

const reportPath = '/images/report';

/** Has images scanned, takes the reports of CIs, and manages the policies and exceptions by which findings judge. */
export const scanning = feature({
  name: 'scanning',
  make({ scanners, settings, ...given }: Ports) {
    const ports = { ...given, askScanner: scanners, publicUrl: settings.publicUrl };
    const pipeline = scanPipeline(ports);
    return {
      routes: async () =>
        (await import('./management/http.ts')).scanningRoutes({ ...ports, places: given.lists.places }),
      // The right to push is not enough: a caller with it could clear its own image.
      repositoryRight: (method: string, path: string) =>
        method === 'PUT' && path === reportPath ? ('quarantine_write' as const) : undefined,
      bodyBound: (method: string, path: string) =>
        method === 'PUT' && path === reportPath ? maxReportBytes : undefined,
      messages: { 'scanning-work': (message: unknown) => pipeline.work(message) },
      timers: { 'scanning-sweep': () => pipeline.sweep() },
    };
  },
});
