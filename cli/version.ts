import project from '../package.json' with { type: 'json' };

/** The version of the project, as package.json has it. */
export const version = project.version;
