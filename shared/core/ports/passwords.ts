/** Derives the stored form of a password that a person may have chosen, at a cost that slows down each guess. */
export interface HashPassword {
  hashPassword(password: string, salt: string): Promise<string>;
}
