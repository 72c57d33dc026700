/** The app's own managed identity as the proof of a client registration that trusts it. */
export interface IssueAssertion {
  /** Issues a token for the audience. Rejects if the app has no identity, or gets no token for that. */
  issueAssertion(audience: string): Promise<string>;
}
