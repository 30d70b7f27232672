export { createTwilioAdapter } from "./adapter.ts";
export { createTwilioApi, type TwilioApi, type TwilioApiOptions, type TwilioCall } from "./api.ts";
export { type TwilioConfig, type TwilioConfigInput, twilioConfig, twilioPersona } from "./config.ts";
export { twilioSignature } from "./signature.ts";
