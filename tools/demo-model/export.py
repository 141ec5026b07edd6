"""Checkpoint to Hugging Face layout and back: config.json, model.safetensors in bf16, tokenizer files.

usage: export.py WORK OUT
"""
import glob
import json
import os
import re
import shutil
import struct
import sys

import torch

from network import Config

# What DeepSeek-V3's config.json says and this network never varies.
FIXED = {
    'architectures': ['DeepseekV3ForCausalLM'], 'model_type': 'deepseek_v3', 'attention_bias': False,
    'attention_dropout': 0.0, 'bos_token_id': 0, 'eos_token_id': 1, 'ep_size': 1, 'hidden_act': 'silu',
    'initializer_range': 0.02, 'moe_layer_freq': 1, 'norm_topk_prob': True, 'num_nextn_predict_layers': 1,
    'rope_scaling': None, 'scoring_func': 'sigmoid', 'tie_word_embeddings': False, 'topk_method': 'noaux_tc',
    'torch_dtype': 'bfloat16', 'use_cache': True,
}
BIAS = 'e_score_correction_bias'  # stays f32: its steps are small
STACKED = re.compile(r'(.*\.mlp\.experts)\.(gate|up|down)_proj')
ONE = re.compile(r'(.*\.mlp\.experts)\.(\d+)\.((?:gate|up|down)_proj)\.weight')
ALL = re.compile(r'(.*\.mlp)\.switch_mlp\.((?:gate|up|down)_proj)\.weight')  # as MLX has them


def tensors(weights, layers):
    """The checkpoint's tensors by name: experts one by one, the MTP layer with its copies of embedding and head."""
    out = {}
    for name, w in weights.items():
        if m := STACKED.fullmatch(name):
            for e, one in enumerate(w):
                out[f'{m[1]}.{e}.{m[2]}_proj.weight'] = one
        else:
            out[name] = w
    out[f'model.layers.{layers}.embed_tokens.weight'] = weights['model.embed_tokens.weight']
    out[f'model.layers.{layers}.shared_head.head.weight'] = weights['lm_head.weight']
    return out


def write_safetensors(path, named):
    header, data, at = {}, [], 0
    for name in sorted(named):
        x = named[name].contiguous()
        single = name.endswith(BIAS)
        raw = (x.float() if single else x.bfloat16().view(torch.int16)).numpy().tobytes()
        header[name] = {'dtype': 'F32' if single else 'BF16', 'shape': list(x.shape), 'data_offsets': [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    head = json.dumps(header).encode()
    head += b' ' * (-len(head) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(head)) + head)
        f.writelines(data)


def read_safetensors(path):
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = bytearray(f.read())
    out = {}
    for name, t in header.items():
        if name != '__metadata__':
            kind = {'F32': torch.float32, 'BF16': torch.bfloat16}[t['dtype']]
            begin, end = t['data_offsets']
            out[name] = torch.frombuffer(data[begin:end], dtype=kind).reshape(t['shape']).float()
    return out


def load(folder):
    """Returns config and weights of a folder that write made, or deskseek quantize --format mlx --type F32."""
    with open(os.path.join(folder, 'config.json')) as f:
        keys = json.load(f)
    config = Config(**{k: keys[k] for k in vars(Config())})
    weights, experts = {}, {}
    files = sorted(glob.glob(os.path.join(glob.escape(folder), '*.safetensors')))
    for name, x in (t for f in files for t in read_safetensors(f).items()):
        if m := ALL.fullmatch(name):
            weights[f'{m[1]}.experts.{m[2]}'] = x
        elif m := ONE.fullmatch(name):
            experts.setdefault(f'{m[1]}.{m[3]}', {})[int(m[2])] = x
        elif not name.startswith((f'model.layers.{config.num_hidden_layers}.embed', f'model.layers.{config.num_hidden_layers}.shared_head.head')):
            weights[name] = x
    for name, parts in experts.items():
        weights[name] = torch.stack([parts[e] for e in range(len(parts))])
    return config, weights


def write(work, folder):
    os.makedirs(folder, exist_ok=True)
    saved = torch.load(os.path.join(work, 'checkpoint.pt'), map_location='cpu')
    c = saved['config']
    write_safetensors(os.path.join(folder, 'model.safetensors'), tensors(saved['network'], c['num_hidden_layers']))
    with open(os.path.join(folder, 'config.json'), 'w') as f:
        json.dump(dict(sorted((FIXED | c | {'num_key_value_heads': c['num_attention_heads']}).items())), f, indent=2)
    shutil.copyfile(os.path.join(work, 'tokenizer.json'), os.path.join(folder, 'tokenizer.json'))
    with open(os.path.join(work, 'tokenizer_config.json'), encoding='utf-8') as f:
        settings = json.load(f)
    with open(os.path.join(folder, 'tokenizer_config.json'), 'w', encoding='utf-8') as f:
        json.dump(settings | {'model_max_length': c['max_position_embeddings']}, f, ensure_ascii=False, indent=2)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(*sys.argv[1:])
