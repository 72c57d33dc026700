/** Derives what is kept of a password that a person may have chosen: dearly, so that each guess costs something. */
export interface HashPassword {
  hashPassword(password: string, salt: string): Promise<string>;
}
