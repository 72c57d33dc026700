/** Azure Resource Manager, called as the app's own identity. */
export interface AzureManagement {
  /** The endpoint of the cloud that the app runs in: a token is sent nowhere else. */
  readonly endpoint: URL;
  /** Issues a token for the endpoint. Rejects if the app has no identity, or gets no token for it. */
  issueToken(): Promise<string>;
}
