//! What `--help` teaches beyond the list of flags.

pub(crate) const WHOLE: &str = "\
Examples:
  imagewire generate \"a corgi in a field\"                without a key: from the built-in emulator
  FAST_API_KEY=… imagewire generate \"an otter\" -o out/    from fastapi.ai
  imagewire validate request.json --dialect hicap         what would Hicap say?
  imagewire models dall-e-3                               what does it accept?
  imagewire cost -m gpt-image-2 --quality high            what does it cost, and who says so?
  imagewire config init                                   services and defaults that you use often
  imagewire doctor                                        does the way to the service work?
  imagewire emulate --listen 127.0.0.1:8080               a free service to test against

Exit codes:
  0 ok                        5 moderation                       9 partial success
  1 other                     6 rate limit or quota             10 local I/O after a paid call
  2 usage or configuration    7 not sent                        11 over budget
  3 invalid request           8 outcome unknown,                12 the result does not match
  4 authentication              may have been billed               the request

stdout carries results alone, or one JSON object with --json; everything else goes to stderr.
The guide: docs/guide in the repository.";

pub(crate) const GENERATE: &str = "\
Examples:
  imagewire generate \"a corgi in a field\"
  imagewire generate \"a fox\" --size landscape -m gpt-image-1 --dialect openai -o fox.png
  imagewire generate \"four cats\" -n 4 -o cats/ --name '{slug}-{index}' --manifest
  imagewire generate \"a fox\" --profile work                 a service from the configuration files
  imagewire generate \"a fox\" --dialect azure \\
    --base-url https://my-resource.openai.azure.com --deployment images
  imagewire generate \"a fox\" --dialect hicap --dry-run      show the request, send nothing
  imagewire generate --prompt-file fox.txt --max-cost 0.20 --json
  imagewire generate \"a fox\" --save-bundle bundles/       keep the exchange, to serve it again
  echo \"a fox\" | imagewire generate --json | jq -r '.images[].path'
  imagewire generate \"a fox\" -o - > fox.png                 the image itself

stdout carries the paths of the images. What may have been bought is never sent again: exit code 8 says so.";

pub(crate) const BATCH: &str = "\
Examples:
  imagewire batch prompts.jsonl -o out                       one request a line: {\"id\": \"fox\", \"prompt\": \"a fox\"}
  imagewire batch prompts.jsonl -o out                       again: what is done is not bought twice
  imagewire batch table.csv -o out --jobs 8 --max-images 50
  imagewire batch texts/ -o out -m gpt-image-1 --set quality=low
  imagewire batch status out                                 what is done, what is open
  imagewire batch reconcile out --not-bought fox             after a look at the service's bill

Exit codes beside the usual ones: 130 interrupted (Ctrl-C waits for what is under way, twice does not).";

pub(crate) const COST: &str = "\
Examples:
  imagewire cost -m gpt-image-2 --size 1024x1024 --quality high
  imagewire cost -m gpt-image-1.5 -n 10 --max-cost 0.50       exits with 11 when it may cost more
  imagewire cost request.json --dialect fastapi --prices mine.json";

pub(crate) const VALIDATE: &str = "\
Examples:
  imagewire validate request.json --dialect hicap
  imagewire validate request.json --dialect openai -m gpt-image-1 --json
  echo '{\"prompt\":\"a fox\",\"n\":3}' | imagewire validate - --dialect fastapi

Exits with 3 when the service would refuse the request.";

pub(crate) const MODELS: &str = "\
Examples:
  imagewire models
  imagewire models gpt-image-1
  imagewire models --json | jq -r '.models[].id'";

pub(crate) const EXPLAIN: &str = "\
Examples:
  imagewire explain size
  imagewire explain size 1920x1088          which models take it?
  imagewire explain quality --dialect azure --model gpt-image-1";

pub(crate) const MIGRATE: &str = "\
Examples:
  imagewire migrate request.json --to gpt-image-1
  imagewire migrate request.json --from dall-e-3 --to gpt-image-1 --fold-style > new.json

Each change is told on stderr. Exits with 3 when something is left that no change can mend.";

pub(crate) const SCHEMA: &str = "\
Examples:
  imagewire schema --dialect openai > request.schema.json
  imagewire schema --dialect hicap --model dall-e-3";

pub(crate) const OPENAPI: &str = "\
Example:
  imagewire openapi --dialect truefoundry > truefoundry.openapi.json";

pub(crate) const EMULATE: &str = "\
Examples:
  imagewire emulate                                     all services on port 8080
  imagewire emulate --listen 127.0.0.1:0 --admin        a free port, and the ledger under /_emulator/
  imagewire emulate --deployment images=gpt-image-1     what a deployment serves
  imagewire emulate --replay bundles/                   answers recorded by generate --save-bundle";

pub(crate) const CONFIG: &str = "\
Examples:
  imagewire config init              imagewire.toml in this folder, every line a comment
  imagewire config show              what would be used here, and who said so
  imagewire config show --profile work --json
  imagewire config path              which files are read

A flag outranks the environment, the environment the project's imagewire.toml (in this folder or the nearest
one above it, up to the root of the repository or the home folder), and that the user's file,
$XDG_CONFIG_HOME/imagewire/config.toml or ~/.config/imagewire/config.toml. Every key of a profile also has
a variable: IMAGEWIRE_ and its name in capitals, such as IMAGEWIRE_MODEL.

A file never holds a key: it names a variable (api_key_env), a file (api_key_file) or a command that prints the
key (api_key_command).";

pub(crate) const DOCTOR: &str = "\
Examples:
  imagewire doctor                                      without a key: the built-in emulator
  imagewire doctor --profile work
  imagewire doctor --dialect azure --json
  imagewire doctor --url 'https://r.openai.azure.com/openai/deployments/d/images/generations?api-version=…'

One request is sent, which asks for no images, in an impossible size, without a prompt: its refusal shows that the
address, the key and the deployment are right, and nothing can be billed. It is printed as it was sent.

Exit codes: 0 all is well, 2 the configuration or the address, 4 the key, 7 the service cannot be reached.";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  source <(imagewire completions bash)
  imagewire completions zsh > \"${fpath[1]}/_imagewire\"
  imagewire completions fish > ~/.config/fish/completions/imagewire.fish
  imagewire completions powershell | Out-String | Invoke-Expression";

pub(crate) const MAN: &str = "\
Examples:
  imagewire man | man -l -
  imagewire man --dir ~/.local/share/man/man1";
