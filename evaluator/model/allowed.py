"""What a model's configs may choose by name: the allow lists of `evaluator.model.vetting`.

Taken from how sentence-transformers 6.2 and transformers 5.23 resolve each name; look again when these are raised.
"""

import re
from typing import Any

LOADED = re.compile(
    r"config(?:\..+)?\.json|config_sentence_transformers\.json|sentence_[\w-]+_config\.json"
    r"|(?:tokenizer|audio_tokenizer|processor|preprocessor|image_processor|video_preprocessor|adapter|router|cnn|lstm"
    r"|wordembedding)_config\.json|artifact\.metadata"
)
"""The config files that the libraries read; generation_config.json is for generating, which nobody does here."""

_ST = r"sentence_transformers\.(?:models|base\.modules|sentence_transformer\.modules)"
MODULE = re.compile(
    _ST + r"(?:\.\w+)?\.(Transformer|StaticEmbedding|Router|Asym|BoW|CNN|Dense|Dropout|LayerNorm|LSTM|Normalize|Pooling"
    r"|WeightedLayerPooling|WordEmbeddings|WordWeights|CLIPModel)"
)
"""sentence-transformers' modules for dense models, under their present and former paths."""

LENGTHS = frozenset({"query_length", "document_length", "doc_maxlen", "query_maxlen"})
LONGEST = 100_000
"""Tokens that a config may have queries and documents cut at, or filled up to."""

PYLATE_DENSE = "pylate.models.Dense.Dense"
"""The one class that PyLate names in modules.json. sentence-transformers reads its own `Dense` for it."""

MODULE_OF_OTHER_VECTORS = re.compile(
    r"sentence_transformers\.sparse_encoder\.(?:models|modules)(?:\.\w+)?"
    r"\.(MLMTransformer|SpladePooling|SparseAutoEncoder|SparseStaticEmbedding|Transformer|Dense|Router|Asym)"
    r"|sentence_transformers\.multi_vector_encoder\.modules(?:\.\w+)?\.(MultiVectorMask|HierarchicalTokenPooling)"
    r"|pylate\.models\.Dense\.(Dense)"
)
"""Modules for sparse and multi-vector models."""


def known_module(type_: str) -> str | None:
    """The name of one of the libraries' modules; None for any other class."""
    found = MODULE.fullmatch(type_) or MODULE_OF_OTHER_VECTORS.fullmatch(type_)
    return next((name for name in found.groups() if name), None) if found else None


def is_length(key: str, value: Any) -> bool:
    """Whether a key of a config names no length of texts, or one that may be: queries are filled up to theirs."""
    if key == "query_expansion" and isinstance(value, dict):
        key, value = "query_length", value.get("length")
    if key not in LENGTHS or value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LONGEST


TASKS_OF = {"dense": ("feature-extraction",), "multi_vector": ("feature-extraction",)} | {
    "sparse": ("feature-extraction", "fill-mask")
}
"""What sentence_bert_config.json may ask of transformers, by the vectors that the model gives."""

TOKENIZER = re.compile(_ST + r"\.tokenizer(?:\.\w+)?\.(?:WhitespaceTokenizer|PhraseTokenizer)")
"""Tokenizers that the module WordEmbeddings may name."""

ACTIVATION = re.compile(
    r"torch\.nn\.(?:modules\.(?:activation|linear)\.)?(?:Identity|Tanh|ReLU6?|RReLU|GELU|SiLU|Mish|ELU|CELU|SELU|PReLU"
    r"|LeakyReLU|Sigmoid|LogSigmoid|Hardtanh|Hardsigmoid|Hardswish|Hardshrink|Softplus|Softshrink|Softsign|Tanhshrink"
    r"|GLU|Softmin|Softmax|LogSoftmax)"
)
"""Activation functions that the module Dense may name: sentence-transformers imports whatever path stands there."""

ATTENTION = frozenset({"eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention"})
EXPERTS = frozenset({"eager", "batched_mm", "grouped_mm"})
KERNELS = frozenset({"allow_all_kernels", "use_kernels", "use_kernel", "use_hub_kernels", "kernel_config", "kernels"})
QUANTISED = frozenset({"quantization_config", "compression_config"})

MODEL_OPTIONS = frozenset({"dtype", "torch_dtype", "attn_implementation", "add_pooling_layer", "low_cpu_mem_usage"})
"""What sentence_bert_config.json may hand to the loading of the weights: not `weights_only`, `gguf_file`, ..."""

PROCESSOR_OPTIONS = frozenset(
    {
        "add_bos_token",
        "add_eos_token",
        "add_prefix_space",
        "additional_special_tokens",
        "bos_token",
        "clean_up_tokenization_spaces",
        "cls_token",
        "do_lower_case",
        "eos_token",
        "extra_special_tokens",
        "fix_mistral_regex",
        "legacy",
        "mask_token",
        "max_length",
        "max_pixels",
        "min_pixels",
        "model_max_length",
        "pad_token",
        "padding",
        "padding_side",
        "sep_token",
        "split_special_tokens",
        "strip_accents",
        "tokenize_chinese_chars",
        "truncation",
        "truncation_side",
        "unk_token",
        "use_fast",
    }
)
NOT_OF_A_CONFIG = frozenset(
    {
        "cache_dir",
        "code_revision",
        "config_file_name",
        "configuration_file",
        "force_download",
        "gguf_file",
        "local_files_only",
        "mirror",
        "name_or_path",
        "proxies",
        "return_unused_kwargs",
        "revision",
        "subfolder",
        "token",
        "use_auth_token",
    }
)
"""Options of loading a config; what else stands in `config_kwargs` is an attribute that config.json could set too."""

OPTIONS = {
    "model_kwargs": MODEL_OPTIONS,
    "model_args": MODEL_OPTIONS,
    "processor_kwargs": PROCESSOR_OPTIONS,
    "tokenizer_args": PROCESSOR_OPTIONS,
}
METHOD = re.compile(r"forward|get_(?:text|image|audio|video)_features")
IGNORED_FILES = frozenset({"tokenizer_file", "vocab_file", "special_tokens_map_file", "added_tokens_file"})
"""Paths on their authors' machines in many an old tokenizer_config.json; transformers puts the repository's there."""

UNSAFE = KERNELS | QUANTISED | {"weights_only", "state_dict", "config", "adapter_kwargs", "use_safetensors", "variant"}
"""What not even a trusted repository hands to the loading of the weights: pickles run code, too."""

ADAPTERS = frozenset({"LORA", "ADALORA", "LOHA", "LOKR", "IA3", "BOFT", "OFT", "VERA", "RANDLORA", "DELORA", "HRA"})
"""Kinds of PEFT adapters that change weights; those of prompts and prefixes are for generating text."""

ADAPTER_OPTIONS = frozenset(
    {
        *("peft_type", "task_type", "peft_version", "base_model_name_or_path", "revision", "inference_mode"),
        *(
            "r",
            "lora_alpha",
            "lora_dropout",
            "target_modules",
            "exclude_modules",
            "fan_in_fan_out",
            "bias",
            "lora_bias",
        ),
        *(
            "lora_bias",
            "use_rslora",
            "use_dora",
            "init_lora_weights",
            "modules_to_save",
            "layers_to_transform",
            "layers_pattern",
        ),
        *("rank_pattern", "alpha_pattern", "trainable_token_indices", "target_parameters", "layer_replication"),
        *("loftq_config", "auto_mapping", "ensure_weight_tying", "qalora_group_size"),  # read by training alone
        # of the other kinds
        *("alpha", "module_dropout", "use_effective_conv2d", "rank_dropout", "rank_dropout_scale", "init_weights"),
        *("decompose_both", "decompose_factor", "full_matrix", "feedforward_modules", "init_ia3_weights", "d_initial"),
        *("projection_prng_key", "save_projection", "vera_dropout", "target_r", "init_r", "tinit", "tfinal", "deltaT"),
        *("beta1", "beta2", "orth_reg_weight", "total_step", "rank_pattern", "boft_block_size", "boft_block_num"),
        *("boft_n_butterfly_factor", "boft_dropout", "oft_block_size", "module_dropout", "coft", "eps", "block_share"),
    }
)
"""What an adapter's configuration may set; `megatron_config` and `megatron_core` name a library to import."""
