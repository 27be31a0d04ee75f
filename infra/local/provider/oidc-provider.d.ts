/** The part of oidc-provider (and of Koa below it) that is used here; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

  export interface Model {
    readonly jti: string;
    readonly scopes: ReadonlySet<string>;
    readonly clientId?: string;
    readonly grantId?: string;
    readonly accountId?: string;
  }

  export interface Grant extends Model {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  export interface Interaction {
    readonly prompt: { readonly name: string };
    readonly params: Readonly<Record<string, unknown>>;
    readonly returnTo: string;
    readonly exp: number;
    readonly lastSubmission?: object;
    result?: object;
    save(seconds: number): Promise<string>;
  }

  export interface Session {
    readonly accountId?: string;
    destroy(): Promise<void>;
  }

  export interface Client {
    readonly clientId: string;
    readonly postLogoutRedirectUris?: readonly string[];
  }

  export interface ResourceServer {
    readonly audience: string;
    readonly scope: string;
  }

  export interface OidcContext {
    readonly provider: Provider;
    readonly client: Client;
    readonly account: { readonly accountId: string };
    readonly params: Readonly<Record<string, unknown>>;
    readonly requestParamOIDCScopes: ReadonlySet<string>;
    readonly resourceServers: Readonly<Record<string, ResourceServer>>;
    readonly entities: {
      readonly AuthorizationCode?: Model;
      readonly RefreshToken?: Model;
      readonly AccessToken?: Model;
    };
  }

  export interface Context {
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    readonly method: string;
    readonly response: { readonly headers: OutgoingHttpHeaders };
    readonly cookies: { set(name: string, value: null): void };
    readonly oidc: OidcContext;
    path: string;
    status: number;
    type: string;
    body: unknown;
    respond: boolean;
    get(header: string): string;
    set(header: string, value: string | string[]): void;
    remove(header: string): void;
    redirect(url: string): void;
    accepts(...types: string[]): string | false;
  }

  export type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>;

  export interface Adapter {
    upsert(id: string, payload: object, expiresInSeconds: number | undefined): Promise<void>;
    find(id: string): Promise<object | undefined>;
    findByUid(uid: string): Promise<object | undefined>;
    findByUserCode(code: string): Promise<object | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export class Provider {
    readonly issuer: string;
    readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant;
    readonly Interaction: { find(uid: string): Promise<Interaction | undefined> };
    readonly Session: { get(context: Context): Promise<Session> };
    readonly Client: { find(id: string): Promise<Client | undefined> };

    constructor(issuer: string, configuration: object);

    /** A middleware that runs before the routes. */
    use(middleware: Middleware): this;
    on(event: string, listener: (...values: never[]) => void): this;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  }

  export const errors: {
    readonly CustomOIDCProviderError: new (error: string, description: string) => Error;
  };
}
