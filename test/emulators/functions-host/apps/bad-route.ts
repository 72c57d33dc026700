import { app } from '@azure/functions';

app.setup({ enableHttpStream: true });
app.http('reserved', { route: 'a/{*rest}/b', methods: ['GET'], handler: () => ({ body: '' }) });
