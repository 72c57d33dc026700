/** Azure Resource Manager, as the app's own identity. */
export interface AzureManagement {
  /** Of the cloud that the app runs in: no token goes anywhere else. */
  readonly endpoint: URL;
  /** Rejects where the app has no identity, or nobody gives it a token. */
  issueToken(): Promise<string>;
}
