/** Of the local stack alone, and as public as Azurite's: they guard nothing but against mistakes. */
export const localEventGridKeys: [string, string] = [Buffer.from('longshore-local-event-grid-key-1').toString('base64'), Buffer.from('longshore-local-event-grid-key-2').toString('base64')];
