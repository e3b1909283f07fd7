//! The names by which an address is recognised.

/// Ends of host names under which Azure serves models.
pub(super) const AZURE_HOSTS: &[&str] = &[
    ".openai.azure.com",
    ".openai.azure.us",
    ".openai.azure.cn",
    ".cognitiveservices.azure.com",
    ".cognitiveservices.azure.us",
    ".cognitiveservices.azure.cn",
    ".services.ai.azure.com",
    ".api.cognitive.microsoft.com",
];

/// Pages for people that are pasted for the address of a resource.
pub(super) const PORTALS: &[(&str, &str)] = &[
    ("portal.azure.com", "the Azure portal"),
    ("ai.azure.com", "the Azure AI Foundry portal"),
    ("oai.azure.com", "the Azure OpenAI studio"),
    ("platform.openai.com", "OpenAI's platform pages"),
];

/// Names of operations at the end of a path, and what to say about them.
pub(super) const ENDINGS: &[(&[&str], &str)] = &[
    (&["images", "generations"], ""),
    (
        &["images", "generations:submit"],
        "images/generations:submit belongs to an edition that has been switched off; a deployment is needed now",
    ),
    (&["images", "edits"], "the path names another operation (images/edits); images/generations is used"),
    (
        &["chat", "completions"],
        "the path names another operation (chat/completions); images/generations is used",
    ),
    (&["completions"], "the path names another operation (completions); images/generations is used"),
    (&["embeddings"], "the path names another operation (embeddings); images/generations is used"),
    (&["responses"], "the path names another operation (responses); images/generations is used"),
    (&["models"], "the path names another operation (models); images/generations is used"),
];

/// Whether a query parameter is called what keys are called.
pub(super) fn sounds_like_a_key(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "token", "secret", "sig"].iter().any(|word| name.contains(word))
}
