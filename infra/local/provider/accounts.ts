/** The two people who can log in. */

export interface Account {
  readonly username: string;
  readonly password: string;
  readonly claims: {
    readonly sub: string;
    readonly name: string;
    readonly nickname: string;
    readonly email: string;
    readonly email_verified: boolean;
  };
}

const account = (username: string, name: string): Account => ({
  username,
  password: username,
  claims: {
    sub: `auth0|${username}`,
    name,
    nickname: username,
    email: `${username}@example.com`,
    email_verified: true,
  },
});

/** `alice` / `alice` and `bob` / `bob`. */
export const accounts: readonly Account[] = [account('alice', 'Alice Archer'), account('bob', 'Bob Baker')];

export const accountOf = (sub: string): Account | undefined => accounts.find(({ claims }) => claims.sub === sub);

export const authenticated = (username: string, password: string): Account | undefined =>
  accounts.find((each) => each.username === username && each.password === password);
