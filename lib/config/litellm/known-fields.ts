// LiteLLM's field names that mean nothing to this gateway, so that a warning can tell "known, not served" from "unknown".
// Names from LiteLLM's page "All settings" and its realtime documentation; what is served for every provider is not in the lists.

/** What to say of a field beside that it is not served. */
const hints: Readonly<Record<string, string>> = {
  'general_settings.background_health_checks': 'realtime_settings.routing.probe_interval_ms (milliseconds) probes the deployments',
  'general_settings.custom_auth': 'give the plugin its option authenticate, in code',
  'general_settings.litellm_key_header_name': 'keys are read from Authorization, api-key and the subprotocol',
  'model_info.access_groups': 'limit keys by their models',
  'model_info.team_id': 'the deployment is not limited to that team here; limit keys by their models',
  'model_list.rpm': 'it belongs into litellm_params',
  'model_list.tpm': 'it belongs into litellm_params',
  'litellm_params.base_url': 'LiteLLM reads api_base',
  'litellm_params.client_secret': 'give the deployment its token in code',
  'litellm_params.mode': 'LiteLLM reads it in model_info: model_info.mode',
  'litellm_params.stream_timeout': 'realtime_settings.connect_timeout (milliseconds) bounds the dial',
  'litellm_params.tenant_id': 'give the deployment its token in code',
  'litellm_params.timeout': 'realtime_settings.connect_timeout (milliseconds) bounds the dial',
  'router_settings.enable_health_check_routing': 'realtime_settings.routing.probe_interval_ms (milliseconds) probes the deployments',
  'router_settings.stream_timeout': 'realtime_settings.connect_timeout (milliseconds) bounds the dial',
  'router_settings.timeout': 'realtime_settings.connect_timeout (milliseconds) bounds the dial'
}

/** Section -> names. The section is the last named parent, `top` for the file itself. */
const known = {
  top: names(`agent_list assistant_settings callback_settings default_vertex_config files_settings finetune_settings guardrails
    litellm_license mcp_aliases mcp_servers mcp_tools model_group_settings pass_through_endpoints policies policy_attachments prompts
    search_tools vector_store_registry`),
  model_list: names('rpm tpm'),
  litellm_params: names(`additional_drop_params allowed_fails_policy api_version auto_router_config aws_access_key_id aws_region_name
    aws_role_name aws_secret_access_key aws_session_name azure_ad_token azure_scope base_url budget_duration client_id client_secret
    configurable_clientside_auth_params default_api_key_rpm_limit default_api_key_tpm_limit
    drop_params guardrails headers health_check_model litellm_trace_id max_budget max_completion_tokens max_file_size_mb
    max_input_tokens max_output_tokens max_retries max_tokens merge_reasoning_content_in_choices metadata mock_response model_info
    num_retries provider_specific_header realtime_protocol reasoning_effort region_name rust s3_bucket_name seed ssl_verify
    stream_timeout tag_regex temperature tenant_id timeout top_p use_in_pass_through use_litellm_proxy user vertex_credentials
    vertex_location vertex_project voice watsonx_region_name`),
  model_info: names(`access_groups access_via_team_ids aliases base_model created_at created_by db_model description direct_access
    health_check_max_tokens health_check_model health_check_timeout health_check_voice key litellm_provider max_input_tokens
    max_output_tokens max_tokens metadata supported_endpoints supported_modalities supported_openai_params
    supported_output_modalities team_id team_public_model_name tier updated_at updated_by version`),
  router_settings: names(`alerting_config allowed_fails_policy assistants_config cache_kwargs cache_responses
    caching_groups client_ttl content_policy_fallbacks context_window_fallbacks debug_level default_litellm_params default_priority
    deployment_affinity_ttl_seconds enable_health_check_routing enable_pre_call_check enable_pre_call_checks guardrail_list
    health_check_ignore_transient_errors health_check_staleness_threshold ignore_invalid_deployments model_group_retry_policy
    polling_interval provider_budget_config redis_db redis_host redis_password redis_port redis_url retry_after retry_policy
    router_general_settings search_tools set_verbose stream_timeout timeout`),
  routing_strategy_args: names('max_latency_list_size rpm_buffer tpm_buffer ttl'),
  general_settings: names(`active_request_include_user_email active_request_ttl_seconds admin_only_routes alert_to_webhook_url
    alert_types alerting alerting_args alerting_threshold allow_client_side_credentials allow_non_billable_realtime_protocols
    allow_requests_on_db_unavailable allow_user_auth allowed_ips allowed_routes background_health_checks
    budget_exceeded_throttle_percentage completion_model custom_auth custom_auth_run_common_checks custom_key_generate custom_sso
    database_connection_pool_limit database_connection_timeout database_type database_url default_team_disabled
    disable_adding_master_key_hash_to_db disable_budget_reservation disable_master_key_return disable_prisma_schema_update
    disable_reset_budget disable_responses_id_security disable_retry_on_max_parallel_request_limit_error disable_spend_logs
    disable_spend_updates drain_endpoint_token embedding_model enable_drain_endpoint enable_jwt_auth enable_oauth2_auth
    enable_oauth2_proxy_auth enable_openai_websocket_passthrough enforce_user_param enforced_params fail_closed_budget_enforcement
    forward_client_headers_to_llm_api forward_openai_org_id health_check_details health_check_interval image_generation_model
    infer_model_from_keys key_management_settings key_management_system litellm_jwtauth litellm_key_header_name litellm_license
    max_request_size_mb max_response_size_mb maximum_spend_logs_retention_interval maximum_spend_logs_retention_period
    moderation_model oauth2_config_mappings pass_through_endpoints proxy_batch_polling_interval proxy_batch_write_at
    proxy_budget_rescheduler_max_time proxy_budget_rescheduler_min_time public_routes reject_clientside_metadata_tags
    service_account_settings spend_report_frequency store_model_in_db store_prompts_in_spend_logs supported_db_objects
    token_rate_limit_type ui_access_mode use_azure_key_vault use_client_credentials_pass_through_routes use_google_kms
    use_x_forwarded_for user_api_key_cache_ttl user_mcp_management_mode`),
  litellm_settings: names(`audit_log_callbacks budget_duration cache cache_params callbacks content_policy_fallbacks
    context_window_fallbacks cost_discount_config cost_margin_config custom_provider_map
    default_in_memory_ttl default_internal_user_params default_key_generate_params default_redis_batch_cache_expiry
    default_team_params default_team_settings disable_add_transform_inline_image_block disable_copilot_system_to_assistant
    disable_end_user_cost_tracking disable_end_user_cost_tracking_prometheus_only disable_hf_tokenizer_download drop_params
    enable_json_schema_validation enable_key_alias_format_validation enable_preview_features enable_redis_auth_cache failure_callback
    force_ipv4 internal_user_budget_duration json_logs key_generation_settings langfuse_default_tags
    logged_real_time_event_types max_budget max_end_user_budget max_internal_user_budget mcp_aliases model_group_settings
    modify_params redact_user_api_key_info request_timeout s3_callback_params service_callbacks set_verbose ssl_verify
    store_audit_logs success_callback telemetry turn_off_message_logging upperbound_key_generate_params
    use_chat_completions_url_for_anthropic_messages`)
} as const satisfies Record<string, ReadonlySet<string>>

export type Section = keyof typeof known

/** Every name of a section that is known and not served. */
export function knownFields (section: Section): ReadonlySet<string> {
  return known[section]
}

/** Prices go by many names (`input_cost_per_audio_token`, `cache_read_input_token_cost`, …), and so do abilities. */
const families: Readonly<Partial<Record<Section, RegExp>>> = {
  litellm_params: /(^|_)cost(_|$)|^(aws|azure|vertex)_/,
  model_info: /(^|_)cost(_|$)|^supports_/
}

/** Whether LiteLLM has the field, and what to do instead of it. */
export function describe (section: Section, name: string): { readonly known: boolean, readonly hint?: string } {
  const hint = hints[`${section}.${name}`]
  return { known: known[section].has(name) || families[section]?.test(name) === true, ...(hint !== undefined && { hint }) }
}

function names (text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
