/**
 * Common names of credentials in query parameters and headers. Cookies are not among them, as browsers send those of
 * every port of a host.
 */
const CREDENTIAL_NAMES = [
  ...["access token", "api token", "auth token", "bearer token", "id token", "private token", "refresh token"],
  ...["service token", "session token", "user token", "amz security token", "token", "bearer", "jwt", "jwt assertion"],
  ...["access key", "api key", "api key id", "auth key", "functions key", "goog api key", "key id", "luno api key"],
  ...["ocp apim subscription key", "secret key", "subscription key", "key", "ticket"],
  ...["api secret", "client secret", "key secret", "secret", "pass", "passphrase", "passwd", "password", "pwd"],
  ...["auth", "authorization", "proxy authorization", "credential", "credentials"],
];

const CREDENTIAL_NAME = new RegExp(
  `^(x[-_]?)?(${CREDENTIAL_NAMES.map((words) => words.replaceAll(" ", "[-_]?")).join("|")})$`,
  "i",
);

/** Whether the name of a header, or of a parameter of a query, says that its value is a credential. */
export function isCredentialName(name: string): boolean {
  return CREDENTIAL_NAME.test(name);
}
