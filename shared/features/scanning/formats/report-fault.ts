/** Thrown for a report that cannot be read. Its message is a whole sentence that says why. */
export class ReportFault extends Error {
  override readonly name = 'ReportFault';
}
