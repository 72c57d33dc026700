type Settings = Readonly<Record<string, string | undefined>>;

/**
 * Set by the platform, and by nobody else: App Service and Functions on every plan
 * (https://learn.microsoft.com/azure/app-service/reference-app-settings), Container Apps
 * (https://learn.microsoft.com/azure/container-apps/environment-variables).
 */
const platformMarks = ['WEBSITE_INSTANCE_ID', 'CONTAINER_APP_NAME'];

/** Everybody who may read the settings of an app reads these; an identity needs none of them. */
const keys = [
  'COSMOS_KEY',
  'BLOB_CONNECTION_STRING',
  'QUEUE_CONNECTION_STRING',
  'EVENTGRID_KEY',
  'AzureWebJobsStorage',
];
const endpoints = [
  'COSMOS_ENDPOINT',
  'BLOB_ENDPOINT',
  'QUEUE_ENDPOINT',
  'EVENTGRID_ENDPOINT',
  'LONGSHORE_PUBLIC_URL',
  'LONGSHORE_UPLOADS_URL',
  'LONGSHORE_MANAGEMENT_URL',
];

/**
 * Lists what is set and must not be where the app runs in Azure: a sentence each, and never a value. None elsewhere, or
 * where it is allowed.
 */
export function refusedInAzure(settings: Settings): string[] {
  if (!platformMarks.some((mark) => isSet(settings, mark)) || settings.LONGSHORE_KEYS_IN_AZURE === 'allow') return [];
  return [
    ...keys
      .filter((name) => isSet(settings, name))
      .map((name) => `${name} has a key, which is refused in Azure: ${insteadOf(name)}`),
    ...(hasConnectionString(settings.LONGSHORE_REGIONS)
      ? [
          'LONGSHORE_REGIONS has a connection string, which is refused in Azure: use the endpoints of the storage services',
        ]
      : []),
    ...endpoints.filter((name) => settings[name]?.startsWith('http:')).map((name) => `${name} must be https in Azure`),
    ...(settings.LONGSHORE_AUTH === 'open'
      ? ['LONGSHORE_AUTH must be "required" in Azure: "open" lets everyone do everything']
      : []),
  ];
}

/**
 * References to Key Vault that App Service did not resolve: it hands the reference itself to the app
 * (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references). As a key it could be guessed.
 */
export function unresolvedReferences(settings: Settings): string[] {
  return Object.entries(settings)
    .filter(([, value]) => value?.startsWith('@Microsoft.KeyVault(') === true)
    .map(
      ([name]) =>
        `${name} is a Key Vault reference that was not resolved: the app's identity needs the role Key Vault ` +
        'Secrets User, and keyVaultReferenceIdentity must name it',
    );
}

function isSet(settings: Settings, name: string): boolean {
  return (settings[name] ?? '') !== '';
}

function insteadOf(name: string): string {
  if (name === 'AzureWebJobsStorage')
    return 'set AzureWebJobsStorage__blobServiceUri, __queueServiceUri and __credential=managedidentity, or LONGSHORE_KEYS_IN_AZURE=allow';
  const instead =
    {
      COSMOS_KEY: 'remove it',
      EVENTGRID_KEY: 'remove it',
      BLOB_CONNECTION_STRING: 'set BLOB_ENDPOINT',
      QUEUE_CONNECTION_STRING: 'set QUEUE_ENDPOINT',
    }[name] ?? 'remove it';
  return `${instead}, so that the app's identity is used, or set LONGSHORE_KEYS_IN_AZURE=allow`;
}

/** Read as text: what is not JSON is refused by the schema. */
function hasConnectionString(regions: string | undefined): boolean {
  return /AccountKey=|SharedAccessSignature=/i.test(regions ?? '');
}
