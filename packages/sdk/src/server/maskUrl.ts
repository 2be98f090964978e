const SECRETS =
	/([?&#](?:[\w-]*(?:token|passw|secret|api_?key|signature)[\w-]*|pwd|auth|authorization|jwt|otp|code|session_?id|sid|email)=)[^&#]+/gi;

/** Masks the values of sensitive query parameters, as `selfsame/browser` does: a URL is no place for a secret. */
export function maskUrl(url: string): string {
	return url.replace(SECRETS, "$1masked");
}
