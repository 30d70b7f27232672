import { type Row, type SimConversation, seconds } from "./simulator-world.ts";

/** A conversation's record, as the API and the post-call webhook tell it (contract §A.11). */
export function recordOf(conversation: SimConversation): Row {
  const { id, agent, status, startedAt, endedAt, initiation, variables, record } = conversation;
  const audio = conversation.record.length > 0;
  return {
    agent_id: agent.id,
    agent_name: agent.body["name"] ?? null,
    conversation_id: id,
    status,
    user_id: initiation["user_id"] ?? null,
    transcript: status === "initiated" ? [] : record,
    metadata: {
      start_time_unix_secs: seconds(startedAt),
      accepted_time_unix_secs: seconds(startedAt),
      call_duration_secs: seconds((endedAt ?? startedAt) - startedAt),
      cost: 0,
      termination_reason: conversation.reason,
      ...(conversation.phone && { phone_call: phoneOf(conversation.phone) }),
    },
    analysis:
      status === "done"
        ? {
            call_successful: "success",
            transcript_summary: "They talked.",
            evaluation_criteria_results: {},
            data_collection_results: {},
          }
        : null,
    conversation_initiation_client_data: {
      conversation_config_override: {},
      custom_llm_extra_body: {},
      ...initiation,
      dynamic_variables: variables,
    },
    ...{ has_audio: audio, has_user_audio: audio, has_response_audio: audio, has_auxiliary_audio: false },
  };
}

function phoneOf({ from, to, callSid }: NonNullable<SimConversation["phone"]>): Row {
  return {
    type: "twilio",
    direction: "inbound",
    phone_number_id: "phnum_simulated",
    agent_number: to,
    external_number: from,
    stream_sid: "MZ_simulated",
    call_sid: callSid,
  };
}

/** A row of the transcript, of now. */
export function newRow(
  conversation: SimConversation,
  now: number,
  role: "user" | "agent",
  message: string | null,
): Row {
  return {
    role,
    message,
    time_in_call_secs: seconds(now - conversation.startedAt),
    ...{ tool_calls: [], tool_results: [], feedback: null, interrupted: false },
    ...{ original_message: null, source_medium: "audio" },
  };
}
