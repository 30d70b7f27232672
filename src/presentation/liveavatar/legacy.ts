/**
 * HeyGen's Interactive (streaming) Avatar API, which LiveAvatar replaced: another host, other keys, other fields.
 * Nothing here is built on it; who asks for it is told what to write instead (contract §1.2).
 */
export const HEYGEN_REPLACED =
  "HeyGen's streaming avatars (api.heygen.com/v1/streaming.*) were replaced by LiveAvatar, which has accounts and keys of its own. " +
  "Rename the block to liveavatar, make a key at app.liveavatar.com, and give avatar_id (a UUID) in place of avatar_name. " +
  "See docs/vendors/liveavatar.md#from-heygens-streaming-api.";

/** Fields of the old API, and what stands in their place. */
const FIELDS: Record<string, string> = {
  avatar_name: "use avatar_id, the UUID of a LiveAvatar avatar",
  avatarName: "use avatar_id, the UUID of a LiveAvatar avatar",
  knowledge_base: "remove it: the persona's prompt and briefing become a LiveAvatar context by themselves",
  knowledge_base_id: "make it a LiveAvatar context: strategy shared_context with context_id",
  knowledgeId: "make it a LiveAvatar context: strategy shared_context with context_id",
  voice: "use voice_id and voice_settings",
  quality: "use video_settings.quality",
  video_encoding: "use video_settings.encoding",
  stt_settings: "use stt_config",
  task_type: "remove it: repeat is the say command, talk is respond",
  task_mode: "remove it: it has no successor",
  version: "remove it: it has no successor",
  silence_response: "remove it: it has no successor",
  activity_idle_timeout: "remove it: Astrocyte keeps the session alive by itself",
  disable_idle_timeout: "remove it: Astrocyte keeps the session alive by itself",
  ia_is_livekit_transport: "remove it: LiveAvatar always uses LiveKit",
  streaming_avatar: "write its settings anew, directly in this block",
};

/** What of a block belongs to the old API, each a sentence with its successor. */
export function legacyProblems(block: Record<string, unknown>, path: string): string[] {
  return Object.keys(block)
    .filter((field) => Object.hasOwn(FIELDS, field))
    .map((field) => `${path}.${field} is of HeyGen's old streaming API, not of LiveAvatar: ${FIELDS[field]}`);
}
