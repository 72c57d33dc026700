import { DockerfileFault } from './fault.ts';

const clause = /^[augo]*(?:[-+=][rstwXxugo]*)+$/;

/** Checks `--chmod`: octal up to 07777, or chmod(1)'s symbols. @throws DockerfileFault */
export function checkMode(mode: string): void {
  if (mode === '') return;
  const octal = /^[0-7]+$/.test(mode);
  if (octal ? Number.parseInt(mode, 8) > 0o7777 : /^\d/.test(mode))
    throw new DockerfileFault(`invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`);
  if (!octal && mode.split(',').some((each) => !clause.test(each))) throw new DockerfileFault('invalid syntax');
}
