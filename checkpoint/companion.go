package checkpoint

import "path/filepath"

// ReadCompanion reads a file of a model's folder that lies beside the weights,
// such as tokenizer.json, whether or not the weights are there. The error is
// fs.ErrNotExist where there is none.
func ReadCompanion(folder, name string) ([]byte, error) {
	return readWhole(filepath.Join(folder, name), mostCompanion)
}

// mostCompanion is the most bytes of such a file. DeepSeek-V3's tokenizer.json has
// 8 MB.
const mostCompanion = 256 << 20
